import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type Service, startService } from '../../scripts/local/service.ts'
import { createSegue, type Segue } from '../../sdk/client.ts'
import { fileSource } from '../../sdk/node-file.ts'
import { uploadFile } from '../../sdk/upload.ts'
import type { BenchContext } from './bench.ts'

const READY_TIMEOUT_MS = 8 * 60_000
const POLL_MS = 100

/** Runs the whole service on a fresh state, as `npm start` does. */
export async function startSegue(
  { folder, defer }: BenchContext,
  { name = 'segue', transcoderEnv = {} }: { name?: string; transcoderEnv?: Record<string, string> } = {},
): Promise<Service> {
  const service = await startService({
    stateDir: join(folder, name),
    port: await freePort(),
    adminEmail: 'bench@segue.local',
    settings: { LOG_LEVEL: 'warn' },
    transcoderEnv,
  })
  defer(() => service.stop())
  return service
}

/** A client that is signed in as the service's admin. */
export async function signIn({ url, admin }: Pick<Service, 'url' | 'admin'>): Promise<Segue> {
  const segue = createSegue({ baseUrl: url })
  await segue.signIn(admin)
  return segue
}

/** Uploads a file as the SDK does. @returns its track once that is ready */
export async function publish(segue: Segue, file: string): Promise<string> {
  const { trackId } = await uploadFile(segue, await fileSource(file))
  await untilReady(segue, trackId)
  return trackId
}

/** @throws Error where the track fails, or is not ready within 8 minutes */
async function untilReady(segue: Segue, trackId: string): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < until) {
    const { status } = await segue.getTrack({ path: { id: trackId } })
    if (status === 'ready') return
    if (status === 'failed') throw new Error(`${trackId} failed`)
    await sleep(POLL_MS)
  }
  throw new Error(`${trackId} was not ready in time`)
}

/** The URL of one of a track's media files, which it opens on its own. */
export async function mediaUrl(segue: Segue, trackId: string, file: string): Promise<string> {
  const { renditions } = await segue.getPlayback({ path: { id: trackId } })
  const found = renditions.find(({ url }) => url.endsWith(`/${file}`))
  if (!found) throw new Error(`${trackId} has no ${file}`)
  return found.url
}

export async function download(url: string): Promise<Buffer<ArrayBuffer>> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`a download answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
