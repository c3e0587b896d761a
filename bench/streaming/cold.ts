import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Segue } from '../../sdk/client.ts'
import type { BenchContext } from '../support/bench.ts'
import { Connection } from '../support/connection.ts'
import { atMost, type Figure, told } from '../support/figures.ts'
import { cutMusic } from '../support/music.ts'
import { RANGE_BYTES } from '../support/ranges.ts'
import { download, mediaUrl, publish } from '../support/segue.ts'
import { alternate, median, medianRatio, seededRandom } from '../support/statistics.ts'
import { startBareWorker } from '../support/wrangler.ts'

const TRACKS = 12
const TRACK_SECONDS = 30
const FILES = ['flac.mp4', 'aac-256.mp4', 'aac-128.mp4']
/** Long enough for the fill behind a miss to end. */
const PAUSE_MS = 300
/** The first misses of a fresh runtime are about its own start. */
const WARM_UP = 3

type ColdObject = { trackId: string; file: string }

/**
 * The first byte of a range that is in no cache, against a bare `R2.get` of the same range. Each object is asked for
 * once, after its playback, as a player does.
 */
export async function measureCold(
  context: BenchContext,
  segue: Segue,
  url: string,
  music: string,
): Promise<Figure[]> {
  context.note(`publishing ${TRACKS} tracks`)
  const objects = await publishObjects(context, segue, music)
  const worker = await startBareWorker('bucket', join(context.folder, 'bucket'))
  context.defer(() => worker.program.stop())
  const connections = { segue: new Connection(url), bare: new Connection(worker.url) }
  const random = seededRandom(1)
  const ask = async (side: 'segue' | 'bare', url: string, bytes: number) => {
    const start = Math.floor(random() * (bytes - RANGE_BYTES))
    await sleep(PAUSE_MS)
    return askOnce(connections[side], url, start)
  }
  const object = (round: number) => {
    const found = objects[round]
    if (!found) throw new Error('there are more rounds than objects')
    return found
  }
  const times = await alternate(objects.length, {
    segue: async (round) => {
      const { trackId, file } = object(round)
      const { url, bytes } = await sized(segue, trackId, file)
      const { firstByteMs, body, start } = await ask('segue', url, bytes)
      const whole = await download(url)
      if (!body.equals(whole.subarray(start, start + RANGE_BYTES))) throw new Error(`${file} has other bytes`)
      return firstByteMs
    },
    bare: async (round) => {
      const { trackId, file } = object(round)
      const { bytes } = await sized(segue, trackId, file)
      const url = `${worker.url}/${round}`
      const put = await fetch(url, { method: 'PUT', body: noise(bytes) })
      if (!put.ok) throw new Error(`the bare bucket answered ${put.status}`)
      return (await ask('bare', url, bytes)).firstByteMs
    },
  })
  for (const connection of Object.values(connections)) connection.close()
  const [ours, bare] = [times.segue.slice(WARM_UP), times.bare.slice(WARM_UP)]
  return [
    told('miss to first byte, Segue', median(ours), 'ms'),
    told('miss to first byte, bare R2.get', median(bare), 'ms'),
    atMost(1.2, 'miss to first byte, Segue to bare R2.get', medianRatio(ours, bare), 'ratio'),
  ]
}

async function publishObjects(context: BenchContext, segue: Segue, music: string): Promise<ColdObject[]> {
  const cuts = Array.from({ length: TRACKS }, (_, index) => join(context.folder, `cold-${index}.flac`))
  for (const [index, path] of cuts.entries()) {
    await cutMusic(music, { fromSeconds: index * 15, seconds: TRACK_SECONDS }, path)
  }
  const trackIds = await Promise.all(cuts.map((path) => publish(segue, path)))
  return FILES.flatMap((file) => trackIds.map((trackId) => ({ trackId, file })))
}

async function sized(segue: Segue, trackId: string, file: string): Promise<{ url: string; bytes: number }> {
  const url = await mediaUrl(segue, trackId, file)
  const { headers } = await fetch(url, { method: 'HEAD' })
  return { url, bytes: Number(headers.get('content-length')) }
}

async function askOnce(connection: Connection, url: string, start: number) {
  const range = `bytes=${start}-${start + RANGE_BYTES - 1}`
  const { status, body, firstByteMs } = await connection.get(new URL(url).pathname, { range }, true)
  if (status !== 206 || body?.length !== RANGE_BYTES) throw new Error(`a range was answered with ${status}`)
  return { firstByteMs, body, start }
}

function noise(bytes: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(bytes)
  return Uint8Array.from({ length: bytes }, () => random() * 256)
}
