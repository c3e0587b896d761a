import { type Db, openDb } from '../platform/db.ts'
import { type Settings, settingsOf } from '../platform/env.ts'
import { objectOf } from '../platform/placement.ts'
import { httpTranscoder, type Transcoder } from './transcoder.ts'

export type TranscodingDeps = {
  db: Db
  bucket: R2Bucket
  jobs: Queue
  events: Queue
  metrics: AnalyticsEngineDataset
  transcoder: Transcoder
  settings: Settings
  /** Where the transcoder reaches the job routes. */
  callbackUrl: string
  nowMs: number
}

/** The made-up host under which a container reaches the job routes; its requests never leave the platform. */
export const JOB_HOST = 'jobs.segue.internal'
/** Container instances that jobs are spread over, as wrangler.toml's max_instances. */
const CONTAINERS = 10
const CONTAINER_URL = 'http://transcoder'

/** What the transcoding slice needs, from the bindings of this invocation. */
export function transcodingDeps(env: Env, nowMs: number): TranscodingDeps {
  const settings = settingsOf(env)
  return {
    db: openDb(env.DB, 'first-primary').db,
    bucket: env.MEDIA,
    jobs: env.JOBS,
    events: env.EVENTS,
    metrics: env.JOB_METRICS,
    transcoder: settings.TRANSCODER_URL
      ? httpTranscoder((request) => fetch(request), settings.TRANSCODER_URL, settings.TRANSCODER_SECRET)
      : containerTranscoder(env, settings.TRANSCODER_SECRET),
    settings,
    callbackUrl: settings.TRANSCODER_CALLBACK_URL ?? `http://${JOB_HOST}`,
    nowMs,
  }
}

/** Hung instances that are waited for before the job is put off: less than a job may be silent in all. */
const UNAVAILABLE_TRIES = 2

/** Asks one container after the other, from the first on: a few jobs wake one container, not all. */
function containerTranscoder(env: Env, secret: string): Transcoder {
  return {
    async start(job) {
      let unavailable = 0
      for (let index = 0; index < CONTAINERS; index++) {
        const outcome = await instance(index).start(job)
        if (outcome === 'accepted') return outcome
        if (outcome === 'unavailable') unavailable += 1
        if (unavailable === UNAVAILABLE_TRIES) return outcome
      }
      return 'busy'
    },
  }

  function instance(index: number): Transcoder {
    const container = objectOf(env.TRANSCODER, `transcoder-${index}`)
    return httpTranscoder((request) => container.fetch(request), CONTAINER_URL, secret)
  }
}
