import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { type Db, openDb } from '../platform/db.ts'
import { ProblemError } from '../platform/errors.ts'
import type { AppEnv } from '../platform/http.ts'
import { snapshotOf } from '../platform/snapshot.ts'
import { listSuspendedAccounts } from './service.ts'

/** So old may the list be at most; a suspension acts everywhere within twice that. */
const MAX_AGE_MS = 15_000

const suspended = snapshotOf('suspended', MAX_AGE_MS, (value) => z.array(z.string()).parse(value))

export type SuspensionDeps = {
  /** A session that starts at the primary. */
  openPrimary: () => Db
  cache: Cache
  waitUntil: (promise: Promise<unknown>) => void
  nowMs: number
}

/**
 * Refuses an account that is suspended, by a list that is at most 15 seconds old.
 * @throws ProblemError `account_suspended`
 */
export async function requireActive(deps: SuspensionDeps, accountId: string): Promise<void> {
  const { cache, waitUntil, nowMs } = deps
  const load = () => listSuspendedAccounts(deps.openPrimary())
  const list = await suspended.get({ cache, waitUntil, load }, 'all', nowMs)
  if (list.includes(accountId)) throw new ProblemError('account_suspended')
}

/** Gives every route that wants an account the check of suspension. */
export function suspensionCheck(): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const deps: SuspensionDeps = {
      openPrimary: () => openDb(c.env.DB, 'first-primary').db,
      cache: caches.default,
      waitUntil: (promise) => c.executionCtx.waitUntil(promise),
      nowMs: Date.now(),
    }
    c.set('requireActive', (accountId) => requireActive(deps, accountId))
    return next()
  }
}
