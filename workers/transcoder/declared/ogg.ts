import type { ByteSource } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'

const HEAD_BYTES = 2 ** 18
/** Twice the largest page. */
const TAIL_BYTES = 2 ** 17
const PAGE_HEADER_BYTES = 27
const SLACK_SECONDS = 0.2
/** A recording cut out of a live stream keeps the stream's clock. */
const LIVE_OFFSET_SECONDS = 10

type Page = { isLast: boolean; granule: number; serial: number }

/** The granule position of the last page (RFC 3533, 6) over the codec's clock. */
export async function declareOgg(file: ByteSource): Promise<Declaration> {
  const head = await file.read(0, HEAD_BYTES)
  const rate = readRate(head)
  const last = findPages(await file.read(Math.max(0, file.size - TAIL_BYTES), TAIL_BYTES)).at(-1)
  if (!rate || !last) return NO_DECLARATION
  const damage = last.isLast ? null : 'The stream stops without its last page.'
  const first = findPages(head).find((page) => page.serial === last.serial && page.granule > 0)
  const start = first && first.granule > LIVE_OFFSET_SECONDS * rate ? first.granule : 0
  const seconds = (last.granule - start) / rate
  return { ...NO_DECLARATION, seconds: seconds > 0 ? seconds : null, slackSeconds: SLACK_SECONDS, damage }
}

/** Opus always counts at 48 kHz (RFC 7845, 4); Vorbis and FLAC at the rate in their first packet. */
function readRate(head: Buffer): number | null {
  const packet = PAGE_HEADER_BYTES + (head[26] ?? 0)
  const start = head.toString('latin1', packet, packet + 8)
  if (head.length < packet + 48) return null
  if (start === 'OpusHead') return 48_000
  if (start.startsWith('\x01vorbis')) return head.readUInt32LE(packet + 12)
  if (start.startsWith('\x7fFLAC')) return head.readUIntBE(packet + 27, 3) >> 4
  if (start === 'Speex   ') return head.readUInt32LE(packet + 36)
  return null
}

/** A page whose end lies behind the end of the bytes is given out by no decoder. */
function isWhole(bytes: Buffer, at: number): boolean {
  const lacing = bytes.subarray(at + PAGE_HEADER_BYTES, at + PAGE_HEADER_BYTES + bytes.readUInt8(at + 26))
  const end = at + PAGE_HEADER_BYTES + lacing.length + lacing.reduce((sum, segment) => sum + segment, 0)
  return bytes[at + 4] === 0 && end <= bytes.length
}

function findPages(bytes: Buffer): Page[] {
  const pages: Page[] = []
  let at = bytes.indexOf('OggS')
  while (at >= 0 && at + PAGE_HEADER_BYTES <= bytes.length) {
    const granule = bytes.readBigInt64LE(at + 6)
    const page = {
      isLast: (bytes.readUInt8(at + 5) & 4) !== 0,
      granule: Number(granule),
      serial: bytes.readUInt32LE(at + 14),
    }
    if (isWhole(bytes, at) && granule >= 0n) pages.push(page)
    at = bytes.indexOf('OggS', at + 4)
  }
  return pages
}
