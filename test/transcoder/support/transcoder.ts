import { mkdtemp, readdir } from 'node:fs/promises'
import type { Job } from '../../../src/transcoding/protocol.ts'
import { type Config, readConfig } from '../../../workers/transcoder/config.ts'
import { findExecutable, findFfmpeg } from '../../../workers/transcoder/ffmpeg.ts'
import { startTranscoder } from '../../../workers/transcoder/transcoder.ts'
import { fixturePath } from './fixtures.ts'

export const SECRET = 'secret-of-the-tests'

let ffmpegFound: ReturnType<typeof findFfmpeg> | undefined

/**
 * The transcoder, in this process, on a port of its own and with a folder of its own. It makes no fingerprints, which
 * cost two processes a job, unless `fpcalcPath` is given.
 */
export async function startTestTranscoder(changes: Partial<Config> = {}) {
  const workDir = await mkdtemp(fixturePath('work-'))
  const environment = { PATH: process.env.PATH, PORT: '0', TRANSCODER_SECRET: SECRET, WORK_DIR: workDir }
  const config = { ...readConfig(environment), ...changes }
  ffmpegFound ??= findFfmpeg(config)
  const ffmpeg = await ffmpegFound
  if (!ffmpeg) throw new Error('these tests need ffmpeg')
  const logged: Record<string, unknown>[] = []
  const transcoder = await startTranscoder(
    (event, fields) => logged.push({ event, ...fields }),
    config,
    ffmpeg,
    config.fpcalcPath ? findExecutable(config.fpcalcPath, config.searchPath) : null,
  )
  return {
    ...transcoder,
    logged,
    offer: (job: unknown, secret = SECRET) => offerJob(transcoder.url, job, secret),
    leftovers: () => readdir(workDir),
  }
}

export function offerJob(url: string, job: Job | unknown, secret = SECRET): Promise<Response> {
  return fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(job),
  })
}
