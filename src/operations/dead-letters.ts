import { inspect } from 'node:util'
import type { Db } from '../platform/db.ts'
import { insertDeadLetter } from './queries.ts'

/** Records a message that cannot be handled, where an admin sees it; once, however often it is given up. */
export async function recordDeadLetter(
  db: Db,
  letter: { queue: string; messageId: string; body: unknown },
  nowMs: number,
): Promise<void> {
  await insertDeadLetter(db, { ...letter, body: textOf(letter.body), createdAt: nowMs })
}

/** JSON where the body has any: what is sent to a queue may also be nothing, or hold a big integer or itself. */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? inspect(body)
  } catch {
    return inspect(body)
  }
}
