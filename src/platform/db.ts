import { type SQL, sql } from 'drizzle-orm'
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { ProblemError } from './errors.ts'

export type Db = DrizzleD1Database

/** Where reads start: any replica, the primary, or no older than a bookmark that an earlier answer carried. */
export type SessionStart = 'first-unconstrained' | 'first-primary' | (string & {})

export type DbSession = { db: Db; bookmark: () => string | null }

/**
 * Opens a D1 session (https://developers.cloudflare.com/d1/best-practices/read-replication/). One is made per
 * request, queue message or cron run; none outlives it.
 */
export function openDb(binding: D1Database, start: SessionStart = 'first-unconstrained'): DbSession {
  const session = binding.withSession(start)
  // A session has prepare() and batch(), which is all that drizzle calls; its type only knows the whole database.
  const db = drizzle(session as unknown as D1Database, { casing: 'snake_case' })
  const run = db.run.bind(db)
  // drizzle-orm 0.45 binds parameters in a batch to `stmt`, which its raw statements lack.
  db.run = (query) => {
    const raw = run(query)
    const stmt = () => session.prepare(raw.getQuery().sql)
    return Object.defineProperty(raw, 'stmt', { get: stmt })
  }
  return { db, bookmark: () => session.getBookmark() }
}

/**
 * A statement for `db.batch` that makes the whole batch fail, with nothing written, unless `condition` holds.
 * D1 has no interactive transactions: this is how a rule spans statements.
 */
export function guard(db: Db, condition: SQL) {
  return db.run(sql`select iif(${condition}, 1, json('conflict'))`)
}

/**
 * Runs a batch that holds a {@link guard}.
 * @throws ProblemError `code` (default `conflict`) when a guard refused
 */
export async function guarded<T>(
  batch: () => Promise<T>,
  code: 'conflict' | 'precondition_failed' = 'conflict',
): Promise<T> {
  try {
    return await batch()
  } catch (error) {
    if (messageChain(error).includes('malformed JSON')) throw new ProblemError(code)
    throw error
  }
}

/** True where a write broke a UNIQUE constraint, by any column or by the one named `table.column`. */
export function isUniqueViolation(error: unknown, column?: string): boolean {
  const text = messageChain(error)
  return text.includes('UNIQUE constraint failed') && (column === undefined || text.includes(column))
}

function messageChain(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messageChain(error.cause)}` : ''
}

/** A set of values as one bound parameter (D1 takes 100): `column in (select value from json_each(?))`. */
export function inJson(column: SQL | Parameters<typeof sql>[1], values: readonly (string | number)[]): SQL {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`
}
