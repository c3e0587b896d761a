import { objectOf } from '../platform/placement.ts'
import { failureOf } from './failures.ts'
import type { IngestDeps } from './ingest.ts'
import type { IngestMessage } from './job.ts'
import { RESEND_AFTER_MS } from './limits.ts'
import { originalKey } from './originals.ts'
import { failUnfinished, listOverdue, postponeExpiry, renewDue } from './queries.ts'
import type { UploadsDeps } from './service.ts'

const BATCH = 50

/** How long an object has to expire by itself before the sweep looks after it, in milliseconds. */
const GRACE_MS = 3600 * 1000

/** Sends completed uploads again whose message was lost, and ends unfinished ones that nobody continued. */
export async function sweepUploads(deps: IngestDeps & Pick<UploadsDeps, 'objects'>): Promise<void> {
  await resendDue(deps)
  await expireOverdue(deps)
}

async function resendDue(deps: IngestDeps): Promise<void> {
  const ticket = deps.now() + RESEND_AFTER_MS
  const due = await renewDue(deps.db, BATCH, deps.now(), ticket)
  if (due.length === 0) return
  await deps.jobs.sendBatch(
    due.map((uploadId) => ({ body: { kind: 'ingest', uploadId, ticket } satisfies IngestMessage })),
  )
}

/** The object knows better than the row, which is written once: it is asked. Uploads in one request have no object. */
async function expireOverdue(deps: IngestDeps & Pick<UploadsDeps, 'objects'>): Promise<void> {
  const overdue = await listOverdue(deps.db, BATCH, deps.now() - GRACE_MS)
  for (const uploadId of overdue) {
    const expiresAt = await objectOf(deps.objects, uploadId).expireIfDue()
    if (expiresAt !== null) {
      await postponeExpiry(deps.db, uploadId, expiresAt)
      continue
    }
    await deps.bucket.delete(originalKey(uploadId))
    await failUnfinished(deps.db, uploadId, failureOf('expired'), deps.now())
  }
}
