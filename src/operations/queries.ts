import { desc, lt, sql } from 'drizzle-orm'
import { processing } from '../catalog/schema.ts'
import type { Db } from '../platform/db.ts'
import { deadLetters } from '../platform/schema.ts'

/** When the job that has waited longest was queued (epoch milliseconds); null where none waits. */
export async function oldestQueuedAt(db: Db): Promise<number | null> {
  const [row] = await db
    .select({ queuedAt: processing.queuedAt })
    .from(processing)
    .where(sql`${processing.state} = 'queued'`)
    .orderBy(processing.queuedAt)
    .limit(1)
  return row?.queuedAt ?? null
}

export async function insertDeadLetter(db: Db, letter: typeof deadLetters.$inferInsert): Promise<void> {
  await db.insert(deadLetters).values(letter).onConflictDoNothing()
}

/** Messages that were given up, newest first. */
export async function listDeadLetters(db: Db, beforePk: number | null, count: number) {
  return db
    .select()
    .from(deadLetters)
    .where(lt(deadLetters.pk, beforePk ?? Number.MAX_SAFE_INTEGER))
    .orderBy(desc(deadLetters.pk))
    .limit(count)
}
