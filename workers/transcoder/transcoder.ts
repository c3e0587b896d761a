import type { AddressInfo } from 'node:net'
import type { Job } from '../../src/transcoding/protocol.ts'
import type { Config } from './config.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import { createHttpServer } from './http.ts'
import { type JobDependencies, runJob } from './job.ts'
import { removeLeftovers } from './job-folder.ts'
import type { Log } from './log.ts'
import { createSemaphore } from './semaphore.ts'
import { createSlots } from './slots.ts'

export type Transcoder = {
  url: string
  /** Refuses new jobs, drops the running ones and resolves when nothing is left of them. */
  close(): Promise<void>
}

/** Listens, on a port of the system's choice where `port` is 0. */
export async function startTranscoder(
  log: Log,
  config: Config,
  ffmpeg: Ffmpeg,
  fpcalc: string | null,
): Promise<Transcoder> {
  await removeLeftovers(config.workDir)
  const cores = createSemaphore(config.cores)
  const tools = { ffmpeg: ffmpeg.path, fpcalc }
  const slots = createSlots(config.slots, (job, cancel) =>
    runLogged(log, { config, tools, cores }, job, cancel),
  )
  const server = createHttpServer({
    secret: config.secret,
    offer: slots.offer,
    health: () => ({
      ok: ffmpeg.missing.length === 0,
      slots: config.slots,
      running: slots.running(),
      ffmpeg: { version: ffmpeg.version },
      fingerprint: fpcalc !== null,
    }),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, resolve)
  })
  return {
    url: urlOf(server.address(), config.host),
    async close() {
      server.close()
      await slots.close()
      server.closeAllConnections()
    },
  }
}

async function runLogged(
  log: Log,
  dependencies: JobDependencies,
  job: Job,
  cancel: AbortSignal,
): Promise<void> {
  const start = performance.now()
  const { trackId, attempt } = job
  const result = await runJob(dependencies, job, cancel).catch((error: unknown) => ({
    outcome: 'failed',
    error: String(error).slice(0, 500),
  }))
  log('job', { trackId, attempt, ...result, durationMs: Math.round(performance.now() - start) })
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
