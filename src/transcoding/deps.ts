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

/** Asks one container after the other, from the first on: a few jobs wake one container, not all. */
function containerTranscoder(env: Env, secret: string): Transcoder {
  return {
    async start(job) {
      for (let index = 0; index < CONTAINERS - 1; index++) {
        if ((await instance(index).start(job)) === 'accepted') return 'accepted'
      }
      return instance(CONTAINERS - 1).start(job)
    },
  }

  function instance(index: number): Transcoder {
    const container = objectOf(env.TRANSCODER, `transcoder-${index}`)
    return httpTranscoder((request) => container.fetch(request), CONTAINER_URL, secret)
  }
}
