import { Connection } from './connection.ts'
import { seededRandom } from './statistics.ts'

export const RANGE_BYTES = 256 * 1024

/** Every so many answers one is compared byte for byte. */
const COMPARE_EVERY = 50

/** A file behind a URL, and what it must hold. */
export type Target = { url: string; content: Buffer }

/**
 * Asks for random ranges of 256 KiB on kept-alive connections until the time is up. Every answer must be a 206 of
 * the right range, every 50th is compared byte for byte.
 * @param round the same round asks for the same ranges, whatever the target
 * @returns requests per second
 * @throws Error where an answer is not what was asked for
 */
export async function rangesPerSecond(
  target: Target,
  options: { connections: number; durationMs: number; round: number },
): Promise<number> {
  const { connections, durationMs, round } = options
  const startedAt = performance.now()
  const counts = await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      askUntil(target, startedAt + durationMs, seededRandom(round * 1000 + index)),
    ),
  )
  const seconds = (performance.now() - startedAt) / 1000
  return counts.reduce((sum, count) => sum + count, 0) / seconds
}

async function askUntil(target: Target, until: number, random: () => number): Promise<number> {
  const connection = new Connection(target.url)
  const { pathname } = new URL(target.url)
  let count = 0
  try {
    while (performance.now() < until) {
      const start = Math.floor(random() * (target.content.length - RANGE_BYTES))
      await askRange(connection, pathname, target.content, start, count % COMPARE_EVERY === 0)
      count += 1
    }
  } finally {
    connection.close()
  }
  return count
}

/**
 * One range of 256 KiB.
 * @returns milliseconds to the first byte of the body
 * @throws Error where the answer is not that range
 */
export async function askRange(
  connection: Connection,
  path: string,
  content: Buffer,
  start: number,
  isCompared: boolean,
): Promise<number> {
  const end = start + RANGE_BYTES - 1
  const answer = await connection.get(path, { range: `bytes=${start}-${end}` }, isCompared)
  const isThatRange = answer.head.includes(`\r\ncontent-range: bytes ${start}-${end}/${content.length}\r`)
  if (answer.status !== 206 || answer.bytes !== RANGE_BYTES || !isThatRange) {
    throw new Error(`asked for bytes ${start}-${end}, got ${answer.bytes} bytes and ${answer.head}`)
  }
  if (answer.body && !answer.body.equals(content.subarray(start, end + 1))) {
    throw new Error(`bytes ${start}-${end} are not those of the file`)
  }
  return answer.firstByteMs
}
