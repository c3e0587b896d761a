import { trackPrefix } from '../catalog/media.ts'
import * as processing from '../catalog/processing.ts'
import type { Db } from '../platform/db.ts'
import { hasCode, ProblemError } from '../platform/errors.ts'
import { log } from '../platform/log.ts'
import { sendOutbox } from '../platform/outbox.ts'
import type { TranscodingDeps } from './deps.ts'
import type { TranscodeMessage } from './job.ts'
import { commitOutputs, isCommitted, prefixOf, putUnlessChanged, recordJob, uncommit } from './outputs.ts'
import { type Job, type JobEvent, type OutputName, PROFILE } from './protocol.ts'
import { signJobToken } from './token.ts'

const BUSY_DELAY_S = 10
const BUSY_DELAY_PER_QUEUED_S = 2.5
const QUEUE_COUNTED = 200
const SWEEP_LIMIT = 50

/** Sends a track's queue message. The row stands already: a message that is lost is sent again by the sweep. */
export async function sendTranscode(
  jobs: Queue,
  trackId: string,
  ticket: number,
  delaySeconds = 0,
): Promise<void> {
  await jobs.send({ kind: 'transcode', trackId, ticket } satisfies TranscodeMessage, { delaySeconds })
}

/**
 * Handles one queue message: starts the next attempt, unless the message has been replaced, the track is gone, a
 * job is at work on it, or its outputs stand already.
 */
export async function startJob(deps: TranscodingDeps, message: TranscodeMessage): Promise<void> {
  const row = await processing.findProcessing(deps.db, message.trackId)
  if (!row || row.dueAt === null || row.dueAt !== message.ticket) return
  const wentSilent = row.state === 'running'
  const failures = row.failures + (wentSilent ? 1 : 0)
  if (wentSilent && failures >= processing.MAX_FAILURES) {
    return failFor(deps, row, {
      code: 'transcoder_error',
      detail: 'The transcoder stopped answering, time and again.',
    })
  }
  const attempt = await processing.claimAttempt(deps.db, row, failures, deps.nowMs)
  if (attempt === null) return
  const claimed = { ...row, attempt, failures }
  if (await isCommitted(deps.bucket, claimed)) return finish(deps, claimed)
  const outcome = await deps.transcoder.start(jobOf(deps, claimed))
  if (outcome !== 'accepted') await waitForSlot(deps, claimed, outcome)
}

/** Busy is not a failure: the row goes back, and a fresh message comes later. */
async function waitForSlot(
  deps: TranscodingDeps,
  row: processing.ProcessingRow,
  outcome: string,
): Promise<void> {
  log('info', 'transcoder_not_free', { trackId: row.trackId, outcome })
  const delaySeconds = busyDelay(await processing.countQueued(deps.db, QUEUE_COUNTED))
  const dueAt = deps.nowMs + delaySeconds * 1000 + processing.SILENT_AFTER_MS
  if (await processing.requeue(deps.db, row, { dueAt, failures: row.failures }, deps.nowMs)) {
    await sendTranscode(deps.jobs, row.trackId, dueAt, delaySeconds)
  }
}

/**
 * Seconds until a track that found no slot asks again. Whoever ends a job calls the next one in, so this is only for when
 * nobody does: the longer the queue, the more seldom each asks, and the transcoder is not flooded with questions.
 */
function busyDelay(queued: number): number {
  return BUSY_DELAY_S + Math.round(queued * BUSY_DELAY_PER_QUEUED_S)
}

function jobOf(deps: TranscodingDeps, row: processing.ProcessingRow): Job {
  const base = `${deps.callbackUrl}/internal/jobs/${row.trackId}`
  return {
    trackId: row.trackId,
    attempt: row.attempt,
    sourceHash: row.sourceHash,
    sourceBytes: row.sourceBytes,
    format: row.sourceFormat,
    profile: PROFILE,
    inputUrl: `${base}/input`,
    outputUrl: `${base}/outputs`,
    eventsUrl: `${base}/events`,
    token: signJobToken(deps.settings, { trackId: row.trackId, attempt: row.attempt }, deps.nowMs),
  }
}

/**
 * The row of a job that may still write.
 * @throws ProblemError `gone` where the track was deleted, a newer attempt runs, or the job has ended
 */
export async function liveJob(
  db: Db,
  job: { trackId: string; attempt: number },
): Promise<processing.ProcessingRow> {
  const row = await processing.findProcessing(db, job.trackId)
  if (!row || !isLive(row, job)) throw noJob()
  return row
}

function isLive(row: processing.ProcessingRow, job: { attempt: number }): boolean {
  return row.attempt === job.attempt && row.state === 'running'
}

function noJob(): ProblemError {
  return new ProblemError('gone', 'Nobody waits for this job any more.')
}

/**
 * Takes in what a running job tells.
 * @throws ProblemError `gone`
 */
export async function hearJob(
  deps: TranscodingDeps,
  row: processing.ProcessingRow,
  event: JobEvent,
): Promise<void> {
  if (event.type === 'progress') {
    const { stage, percent } = event
    if (!(await processing.beat(deps.db, row, { stage, percent }, deps.nowMs))) throw new ProblemError('gone')
    return
  }
  if (event.type === 'done') await finish(deps, row)
  else await retryOrFail(deps, row, event)
  await fillSlot(deps)
  await sendOutbox(deps.db, deps.events, deps.nowMs)
}

async function finish(deps: TranscodingDeps, row: processing.ProcessingRow): Promise<void> {
  const problem = await commitOutputs(deps, row).catch((error) => {
    throw hasCode(error, 'conflict') ? noJob() : error
  })
  if (problem === null) return
  await uncommit(deps.bucket, row)
  await retryOrFail(deps, row, { code: 'transcoder_error', detail: problem, isRetryable: true })
}

/**
 * Stores one output of a running job. Bytes may take long to come in: what another attempt has put there meanwhile
 * stays, and what nobody waits for any more goes.
 * @throws ProblemError `gone`
 */
export async function storeOutput(
  deps: Pick<TranscodingDeps, 'db' | 'bucket'>,
  job: { trackId: string; attempt: number },
  name: OutputName,
  body: ReadableStream,
): Promise<void> {
  const key = prefixOf(await liveJob(deps.db, job)) + name
  const isStored = await putUnlessChanged(deps.bucket, key, name, body)
  const row = await processing.findProcessing(deps.db, job.trackId)
  if (row && isLive(row, job)) return
  // Whoever removed the files of a track that was deleted or has failed did not see this one.
  if (isStored && (!row || row.state === 'failed')) await deps.bucket.delete(key)
  throw noJob()
}

async function retryOrFail(
  deps: TranscodingDeps,
  row: processing.ProcessingRow,
  failure: Pick<Extract<JobEvent, { type: 'failed' }>, 'code' | 'detail' | 'isRetryable'>,
): Promise<void> {
  const failures = row.failures + 1
  if (!failure.isRetryable || failures >= processing.MAX_FAILURES) return failFor(deps, row, failure)
  const delaySeconds = 2 ** failures
  const dueAt = deps.nowMs + delaySeconds * 1000 + processing.SILENT_AFTER_MS
  const next = { dueAt, failures, lastFailure: { code: failure.code, detail: failure.detail } }
  if (await processing.requeue(deps.db, row, next, deps.nowMs)) {
    await sendTranscode(deps.jobs, row.trackId, dueAt, delaySeconds)
  }
}

async function failFor(
  deps: Pick<TranscodingDeps, 'db' | 'bucket' | 'metrics' | 'nowMs'>,
  row: processing.ProcessingRow,
  failure: Pick<Extract<JobEvent, { type: 'failed' }>, 'code' | 'detail'>,
): Promise<void> {
  if (!(await processing.failProcessing(deps.db, row, failure, deps.nowMs))) return
  log('warn', 'track_failed', { trackId: row.trackId, code: failure.code })
  recordJob(deps, row, failure.code, 0)
  await deleteObjects(deps.bucket, prefixOf(row))
}

/** A slot has become free: whoever has waited longest need not wait for its delayed message. */
async function fillSlot(deps: TranscodingDeps): Promise<void> {
  for (const next of await processing.takeQueued(deps.db, 1, deps.nowMs)) {
    await sendTranscode(deps.jobs, next.trackId, next.ticket)
  }
}

/** Sends again what stands still: queues forget, processes die. Returns how many were sent. */
export async function sweepJobs(deps: Pick<TranscodingDeps, 'db' | 'jobs' | 'nowMs'>): Promise<number> {
  const due = await processing.takeDue(deps.db, SWEEP_LIMIT, deps.nowMs)
  for (const { trackId, ticket } of due) await sendTranscode(deps.jobs, trackId, ticket)
  return due.length
}

/**
 * The dead-letter queue's word on a message that failed every time: the track fails with a reason.
 */
export async function buryJob(
  deps: Pick<TranscodingDeps, 'db' | 'bucket' | 'metrics' | 'nowMs'>,
  message: TranscodeMessage,
): Promise<void> {
  const row = await processing.findProcessing(deps.db, message.trackId)
  if (!row || row.dueAt !== message.ticket) return
  const detail = 'The job could not be started, time and again.'
  await failFor(deps, row, { code: 'transcoder_error', detail })
}

/**
 * Makes a track's files anew beside those that play.
 * @throws ProblemError `not_found`
 */
export async function transcodeAgain(
  deps: Pick<TranscodingDeps, 'db' | 'jobs' | 'nowMs'>,
  trackId: string,
): Promise<void> {
  const ticket = await processing.queueAgain(deps.db, trackId, deps.nowMs)
  if (ticket === null) throw new ProblemError('not_found', 'No track has this id.')
  await sendTranscode(deps.jobs, trackId, ticket)
}

/** Removes every file of a deleted track. */
export async function purgeTrack(
  bucket: R2Bucket,
  track: { trackId: string; sourceKey: string },
): Promise<void> {
  await bucket.delete(track.sourceKey)
  await deleteObjects(bucket, trackPrefix(track.trackId))
}

/** Deletes all objects under a prefix, however many. */
export async function deleteObjects(bucket: R2Bucket, prefix: string): Promise<void> {
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix })
    if (objects.length > 0) await bucket.delete(objects.map((object) => object.key))
    if (!truncated) return
  }
}
