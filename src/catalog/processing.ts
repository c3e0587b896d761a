import { and, eq, isNotNull, lt, sql } from 'drizzle-orm'
import { type Db, guard, guarded } from '../platform/db.ts'
import { hasCode } from '../platform/errors.ts'
import { recordEvent } from '../platform/outbox.ts'
import type { JobFailureCode, jobStageSchema } from '../transcoding/protocol.ts'
import { RESEND_AFTER_MS } from './ingest.ts'
import { processing, tracks } from './schema.ts'

/** What a job needs to know of its track. Times are epoch milliseconds. */
export type ProcessingRow = NonNullable<Awaited<ReturnType<typeof findProcessing>>>

/** A running job that has not been heard of for this long is taken for dead. */
export const SILENT_AFTER_MS = 60_000
/** Attempts that may fail before the track does. */
export const MAX_FAILURES = 5

export async function findProcessing(db: Db, trackId: string) {
  const [row] = await db
    .select({
      trackPk: tracks.pk,
      trackId: tracks.id,
      status: tracks.status,
      sourceKey: tracks.sourceKey,
      sourceHash: tracks.sourceHash,
      sourceBytes: tracks.sourceBytes,
      sourceFormat: tracks.sourceFormat,
      releasePk: tracks.releasePk,
      state: processing.state,
      run: processing.run,
      attempt: processing.attempt,
      failures: processing.failures,
      queuedAt: processing.queuedAt,
      startedAt: processing.startedAt,
      heartbeatAt: processing.heartbeatAt,
      dueAt: processing.dueAt,
    })
    .from(tracks)
    .innerJoin(processing, eq(processing.trackPk, tracks.pk))
    .where(eq(tracks.id, trackId))
  return row ?? null
}

/**
 * Takes the next attempt, unless another consumer was quicker.
 * @returns the attempt's fencing number, or null
 */
export async function claimAttempt(
  db: Db,
  row: ProcessingRow,
  failures: number,
  nowMs: number,
): Promise<number | null> {
  const attempt = row.attempt + 1
  const [claimed] = await db.batch([
    db
      .update(processing)
      .set({
        state: 'running',
        attempt,
        failures,
        stage: null,
        percent: 0,
        startedAt: nowMs,
        heartbeatAt: nowMs,
        dueAt: nowMs + SILENT_AFTER_MS,
      })
      .where(and(eq(processing.trackPk, row.trackPk), eq(processing.attempt, row.attempt)))
      .returning({ attempt: processing.attempt }),
    statusFollows(db, row.trackPk, 'processing', attempt, nowMs),
  ])
  return claimed.length > 0 ? attempt : null
}

/** Puts an attempt back into the queue until `dueAt`, with the failures counted so far. The ticket for its message is `dueAt`. */
export async function requeue(
  db: Db,
  target: { trackPk: number; attempt: number },
  next: { dueAt: number; failures: number; lastFailure?: { code: JobFailureCode; detail: string } },
  nowMs: number,
): Promise<boolean> {
  const [moved] = await db.batch([
    db
      .update(processing)
      .set({
        state: 'queued',
        stage: null,
        percent: 0,
        failures: next.failures,
        dueAt: next.dueAt,
        ...(next.lastFailure
          ? { failureCode: next.lastFailure.code, failureDetail: next.lastFailure.detail }
          : {}),
      })
      .where(
        and(
          eq(processing.trackPk, target.trackPk),
          eq(processing.attempt, target.attempt),
          isNotNull(processing.dueAt),
        ),
      )
      .returning({ attempt: processing.attempt }),
    statusFollows(db, target.trackPk, 'queued', target.attempt, nowMs),
  ])
  return moved.length > 0
}

/** Notes a sign of life. Returns false where this attempt is not the newest, or nothing waits for it. */
export async function beat(
  db: Db,
  target: { trackPk: number; attempt: number },
  progress: { stage: ReturnType<typeof jobStageSchema.parse>; percent: number },
  nowMs: number,
): Promise<boolean> {
  const rows = await db
    .update(processing)
    .set({ ...progress, heartbeatAt: nowMs, dueAt: nowMs + SILENT_AFTER_MS })
    .where(
      and(
        eq(processing.trackPk, target.trackPk),
        eq(processing.attempt, target.attempt),
        eq(processing.state, 'running'),
      ),
    )
    .returning({ attempt: processing.attempt })
  return rows.length > 0
}

/**
 * Ends the job without a track to play. A track that was ready before stays ready.
 * @returns false where this attempt is not the newest, or has ended already
 */
export async function failProcessing(
  db: Db,
  target: { trackPk: number; trackId: string; attempt: number },
  failure: { code: JobFailureCode; detail: string },
  nowMs: number,
): Promise<boolean> {
  const { trackPk, attempt } = target
  const isOpen = sql`exists (select 1 from processing
    where track_pk = ${trackPk} and attempt = ${attempt} and due_at is not null)`
  try {
    await guarded(() =>
      db.batch([
        guard(db, isOpen),
        db
          .update(processing)
          .set({
            state: 'failed',
            dueAt: null,
            failures: sql`${processing.failures} + 1`,
            failureCode: failure.code,
            failureDetail: failure.detail,
          })
          .where(and(eq(processing.trackPk, trackPk), eq(processing.attempt, attempt))),
        statusFollows(db, trackPk, 'failed', attempt, nowMs),
        recordEvent(db, 'track.failed', { trackId: target.trackId, code: failure.code }, nowMs),
      ]),
    )
    return true
  } catch (error) {
    if (hasCode(error, 'conflict')) return false
    throw error
  }
}

/** The track's own status goes with its processing, unless it is playable already and only being made again. */
function statusFollows(
  db: Db,
  trackPk: number,
  status: 'queued' | 'processing' | 'failed',
  attempt: number,
  nowMs: number,
) {
  return db
    .update(tracks)
    .set({ status, updatedAt: nowMs })
    .where(
      sql`${tracks.pk} = ${trackPk} and ${tracks.status} <> 'ready'
        and exists (select 1 from processing where track_pk = ${trackPk} and attempt = ${attempt})`,
    )
}

/** Queues a track for a run of its own, whatever came of the last one; returns its ticket, or null where it does not stand. */
export async function queueAgain(db: Db, trackId: string, nowMs: number): Promise<number | null> {
  const row = await findProcessing(db, trackId)
  if (!row) return null
  const dueAt = nowMs + RESEND_AFTER_MS
  await db.batch([
    db
      .update(processing)
      .set({
        state: 'queued',
        run: row.run + 1,
        attempt: row.attempt + 1,
        failures: 0,
        failureCode: null,
        failureDetail: null,
        stage: null,
        percent: 0,
        queuedAt: nowMs,
        dueAt,
      })
      .where(eq(processing.trackPk, row.trackPk)),
    statusFollows(db, row.trackPk, 'queued', row.attempt + 1, nowMs),
  ])
  return dueAt
}

/**
 * Gives rows that stand still a new ticket and returns them for sending: those whose `dueAt` has passed.
 */
export async function takeDue(
  db: Db,
  limit: number,
  nowMs: number,
): Promise<{ trackId: string; ticket: number }[]> {
  const due = await db
    .select({ trackPk: processing.trackPk, trackId: tracks.id, dueAt: processing.dueAt })
    .from(processing)
    .innerJoin(tracks, eq(tracks.pk, processing.trackPk))
    .where(and(isNotNull(processing.dueAt), lt(processing.dueAt, nowMs)))
    .orderBy(processing.dueAt)
    .limit(limit)
  return renewTickets(db, due, nowMs)
}

/** Gives the tracks that have been queued longest a new ticket and returns them for sending. */
export async function takeQueued(
  db: Db,
  limit: number,
  nowMs: number,
): Promise<{ trackId: string; ticket: number }[]> {
  const waiting = await db
    .select({ trackPk: processing.trackPk, trackId: tracks.id, dueAt: processing.dueAt })
    .from(processing)
    .innerJoin(tracks, eq(tracks.pk, processing.trackPk))
    .where(sql`${processing.state} = 'queued' and ${processing.failures} = 0`)
    .orderBy(processing.queuedAt, processing.trackPk)
    .limit(limit)
  return renewTickets(db, waiting, nowMs)
}

/** A row that has moved since it was read keeps its ticket: its job has been started, heard of or ended. */
async function renewTickets(
  db: Db,
  rows: { trackPk: number; trackId: string; dueAt: number | null }[],
  nowMs: number,
) {
  const ticket = nowMs + RESEND_AFTER_MS
  if (rows.length === 0) return []
  const read = JSON.stringify(rows.map((row) => [row.trackPk, row.dueAt]))
  const renewed = await db
    .update(processing)
    .set({ dueAt: ticket })
    .where(
      sql`${processing.trackPk} in (select value ->> 0 from json_each(${read}))
        and ${processing.dueAt} = (select value ->> 1 from json_each(${read}) where value ->> 0 = ${processing.trackPk})`,
    )
    .returning({ trackPk: processing.trackPk })
  const renewedPks = new Set(renewed.map((row) => row.trackPk))
  return rows.filter((row) => renewedPks.has(row.trackPk)).map(({ trackId }) => ({ trackId, ticket }))
}

/** How many tracks wait for a transcoder, counted no further than `atMost`. */
export async function countQueued(db: Db, atMost: number): Promise<number> {
  const [row] = await db.all<{ count: number }>(
    sql`select count(*) as count from (select 1 from processing where state = 'queued' limit ${atMost})`,
  )
  return row?.count ?? 0
}
