import { afterAll, beforeAll } from 'vitest'
import type { Job, Manifest, SourceFormat } from '../../../src/transcoding/protocol.ts'
import type { Config } from '../../../workers/transcoder/config.ts'
import { startTestTranscoder } from './transcoder.ts'
import { startWorker, type WorkerDouble } from './worker.ts'

type Transcoder = Awaited<ReturnType<typeof startTestTranscoder>>

/** One Worker and one transcoder for all tests of a file. */
export function useTranscoder(changes: Partial<Config> = {}) {
  let worker: WorkerDouble | undefined
  let transcoder: Transcoder | undefined
  beforeAll(async () => {
    worker = await startWorker()
    transcoder = await startTestTranscoder({ slots: 20, ...changes })
  })
  afterAll(async () => {
    await transcoder?.close()
    await worker?.close()
  })
  const both = () => {
    if (!worker || !transcoder) throw new Error('used before the tests began')
    return { worker, transcoder }
  }
  const finish = async (file: string | Buffer, format: SourceFormat, changes: Partial<Job> = {}) => {
    const { worker: from, transcoder: to } = both()
    const job = await from.job(file, format, changes)
    const answer = await to.offer(job)
    if (answer.status !== 202) throw new Error(`offered in vain: ${answer.status} ${await answer.text()}`)
    return { job, ending: await from.ending(job.trackId) }
  }
  return {
    both,
    finish,
    /** Runs a job that must succeed. */
    async transcode(file: string | Buffer, format: SourceFormat): Promise<{ job: Job; manifest: Manifest }> {
      const { job, ending } = await finish(file, format)
      if (ending.type !== 'done') throw new Error(`${ending.code}: ${ending.detail}`)
      return { job, manifest: both().worker.manifest(job.trackId) }
    },
  }
}
