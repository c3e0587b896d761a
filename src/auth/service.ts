import type { SQL } from 'drizzle-orm'
import { type Db, isUniqueViolation } from '../platform/db.ts'
import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { attemptLogin, attemptSignUp, loginSucceeded } from './attempts.ts'
import { emailKeyOf } from './identity.ts'
import { hashPassword, UNMATCHED_HASH, verifyPassword } from './password.ts'
import {
  type AccountRow,
  accountPkQuery,
  findAccount,
  findAccountByEmailKey,
  insertAccount,
  insertFamily,
  replacePasswordHash,
  selectSuspended,
  updateDisplayName,
} from './queries.ts'
import { type Grant, newFamily, refuseSuspended } from './sessions.ts'

type ThrottleNamespace = Env['THROTTLE']

export type Credentials = { email: string; password: string }

/**
 * Makes an account and signs it in. `address` is the client's, `nowMs` epoch milliseconds.
 * @throws ProblemError `too_many_requests` with Retry-After, `email_taken`
 */
export async function signUp(
  db: Db,
  settings: Settings,
  throttle: ThrottleNamespace,
  { email, password, displayName, address }: Credentials & { displayName: string; address: string },
  nowMs: number,
): Promise<Grant> {
  await attemptSignUp(throttle, settings, address, nowMs)
  const passwordHash = await hashPassword(password)
  const id = newId('account')
  const { family, refreshToken } = newFamily(settings, nowMs)
  try {
    const [[account]] = await db.batch([
      insertAccount(db, { id, email, emailKey: emailKeyOf(email), displayName, passwordHash }, nowMs),
      insertFamily(db, id, family, nowMs),
    ])
    if (!account) throw new Error('an inserted account was not returned')
    return { account, refreshToken }
  } catch (error) {
    if (isUniqueViolation(error, 'accounts.email_key')) throw new ProblemError('email_taken')
    throw error
  }
}

/**
 * Signs an account in by its password. An unknown address and a wrong password take the same work and answer
 * the same. `address` is the client's, `nowMs` epoch milliseconds.
 * @throws ProblemError `too_many_requests` with Retry-After, `invalid_credentials`, `account_suspended`
 */
export async function logIn(
  db: Db,
  settings: Settings,
  throttle: ThrottleNamespace,
  { email, password, address }: Credentials & { address: string },
  nowMs: number,
): Promise<Grant> {
  const emailKey = emailKeyOf(email)
  const attempt = await attemptLogin(throttle, settings, { emailKey, address }, nowMs)
  const account = await findAccountByEmailKey(db, emailKey)
  const verdict = await verifyPassword(password, account?.passwordHash ?? UNMATCHED_HASH)
  if (!account || !verdict.isRight) throw new ProblemError('invalid_credentials')
  await loginSucceeded(throttle, attempt, nowMs)
  refuseSuspended(account)
  if (verdict.needsRehash) await replacePasswordHash(db, account, await hashPassword(password), nowMs)
  const { family, refreshToken } = newFamily(settings, nowMs)
  await insertFamily(db, account.id, family, nowMs)
  return { account, refreshToken }
}

/**
 * The account behind a valid access token.
 * @throws ProblemError `invalid_token` where it is gone, `account_suspended`
 */
export async function getAccount(db: Db, accountId: string): Promise<AccountRow> {
  const account = await findAccount(db, accountId)
  if (!account) throw new ProblemError('invalid_token', 'The account of this token does not exist.')
  refuseSuspended(account)
  return account
}

/**
 * Changes what is given of the caller's own account.
 * @throws ProblemError `invalid_token` where it is gone, `account_suspended`
 */
export async function updateAccount(
  db: Db,
  accountId: string,
  change: { displayName?: string | undefined },
  nowMs: number,
): Promise<AccountRow> {
  if (change.displayName === undefined) return getAccount(db, accountId)
  const updated = await updateDisplayName(db, accountId, change.displayName, nowMs)
  return updated ?? getAccount(db, accountId)
}

/** The ids of all suspended accounts. */
export function listSuspendedAccounts(db: Db): Promise<string[]> {
  return selectSuspended(db)
}

/** The `pk` of the account with this id, as a subquery for inserts and conditions; null where there is none. */
export function accountPk(accountId: string): SQL<number> {
  return accountPkQuery(accountId)
}
