import { and, asc, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Db, inJson } from './db.ts'
import { newId } from './ids.ts'
import { outbox } from './schema.ts'

/** A domain event as it travels through the queue. Consumers are idempotent by `id`. */
export const domainEventSchema = z.object({ id: z.string(), type: z.string(), payload: z.unknown() })
export type DomainEvent = z.infer<typeof domainEventSchema>

const SENT_KEPT_MS = 7 * 24 * 3600 * 1000
const BATCH = 100

/** The statement that writes an event; put it in the same `db.batch` as the change. `nowMs` is epoch milliseconds. */
export function recordEvent(db: Db, type: string, payload: unknown, nowMs: number) {
  return db
    .insert(outbox)
    .values({ id: newId('event'), type, payload: JSON.stringify(payload), createdAt: nowMs })
}

/**
 * Sends what waits in the outbox, oldest first, at most 100 events. Sending comes before marking: a crash
 * in between sends an event twice, never not at all.
 * @returns how many were sent
 */
export async function sendOutbox(db: Db, queue: Queue, nowMs: number): Promise<number> {
  const rows = await db
    .select({ pk: outbox.pk, id: outbox.id, type: outbox.type, payload: outbox.payload })
    .from(outbox)
    .where(isNull(outbox.sentAt))
    .orderBy(asc(outbox.pk))
    .limit(BATCH)
  if (rows.length === 0) return 0
  await queue.sendBatch(
    rows.map((row) => ({
      body: { id: row.id, type: row.type, payload: JSON.parse(row.payload) } satisfies DomainEvent,
    })),
  )
  await db
    .update(outbox)
    .set({ sentAt: nowMs })
    .where(
      inJson(
        sql`${outbox.pk}`,
        rows.map((row) => row.pk),
      ),
    )
  return rows.length
}

/** Deletes events that were sent more than seven days ago. */
export async function pruneOutbox(db: Db, nowMs: number): Promise<void> {
  await db.delete(outbox).where(and(isNotNull(outbox.sentAt), lt(outbox.sentAt, nowMs - SENT_KEPT_MS)))
}
