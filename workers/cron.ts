import { pruneRefreshFamilies } from '../src/auth/sessions.ts'
import { openDb } from '../src/platform/db.ts'
import { pruneIdempotencyKeys } from '../src/platform/idempotency.ts'
import { errorFields, log } from '../src/platform/log.ts'
import { pruneOutbox, sendOutbox } from '../src/platform/outbox.ts'
import { sweepJobs } from '../src/transcoding/service.ts'
import { sweepUploads } from '../src/uploads/sweep.ts'

/** What is done every minute: send again what stands still, and forget what is old. Each part fails alone. */
export async function sweep(env: Env, nowMs: number): Promise<void> {
  const { db } = openDb(env.DB, 'first-primary')
  const parts: Record<string, () => Promise<unknown>> = {
    outbox: () => sendOutbox(db, env.EVENTS, nowMs),
    jobs: () => sweepJobs({ db, jobs: env.JOBS, nowMs }),
    uploads: () =>
      sweepUploads({ db, bucket: env.MEDIA, jobs: env.JOBS, objects: env.UPLOAD, now: Date.now }),
    pruneRefreshFamilies: () => pruneRefreshFamilies(db, nowMs),
    pruneOutbox: () => pruneOutbox(db, nowMs),
    pruneIdempotencyKeys: () => pruneIdempotencyKeys(db, nowMs),
  }
  for (const [part, run] of Object.entries(parts)) {
    await run().catch((error) => log('error', 'sweep_failed', { part, ...errorFields(error) }))
  }
}
