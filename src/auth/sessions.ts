import type { Db } from '../platform/db.ts'
import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { log } from '../platform/log.ts'
import {
  type AccountRow,
  advanceFamily,
  deleteExpiredFamilies,
  type FamilyRow,
  findFamily,
  markRevoked,
} from './queries.ts'
import {
  expiryAfter,
  hashOf,
  judgeRefresh,
  type RefreshToken,
  readRefreshToken,
  refreshToken,
  refreshTokenOfHash,
} from './refresh.ts'

/** What a sign-in or a refresh gives: whom the access token is for, and the newest refresh token. */
export type Grant = { account: AccountRow; refreshToken: string }

/** Each round is lost to another refresh that got through, after which the verdict is no longer `rotate`. */
const MAX_ROUNDS = 3

/** A new refresh family, to be stored with its account, and its first token. `nowMs` is epoch milliseconds. */
export function newFamily(settings: Settings, nowMs: number) {
  const id = newId('refreshFamily')
  const text = refreshToken(settings, id, 1)
  return {
    family: { id, tokenHash: hashOf(text), expiresAt: expiryAfter(nowMs, nowMs) },
    refreshToken: text,
  }
}

/**
 * Exchanges a refresh token for its successor. Of parallel exchanges one makes the successor and the others get the
 * same. A token that was spent before that ends the whole family: somebody else holds it.
 * @throws ProblemError `invalid_token`, `account_suspended`
 */
export async function refresh(db: Db, settings: Settings, text: string, nowMs: number): Promise<Grant> {
  const token = readRefreshToken(settings, text)
  if (!token) throw new ProblemError('invalid_token')
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await findFamily(db, token.familyId)
    if (!found) throw new ProblemError('invalid_token')
    const successor = await successorOf(db, settings, found, token, nowMs)
    if (successor) return { account: found.account, refreshToken: successor }
  }
  throw new ProblemError('unavailable', 'The token is being refreshed elsewhere.')
}

/** The next token of the family; null where another request changed the family first. */
async function successorOf(
  db: Db,
  settings: Settings,
  { family, account }: { family: FamilyRow; account: AccountRow },
  token: RefreshToken,
  nowMs: number,
): Promise<string | null> {
  const verdict = judgeRefresh(family, token, nowMs)
  if (verdict === 'ended') throw new ProblemError('invalid_token')
  if (verdict === 'stolen') {
    await markRevoked(db, family.id, nowMs)
    log('warn', 'refresh_token_reused', { accountId: account.id, familyId: family.id })
    throw new ProblemError('invalid_token')
  }
  refuseSuspended(account)
  if (verdict === 'repeat') return repeated(settings, family)
  const next = refreshToken(settings, family.id, family.generation + 1)
  const renewal = { tokenHash: hashOf(next), expiresAt: expiryAfter(family.createdAt, nowMs) }
  return (await advanceFamily(db, family, renewal, nowMs)) ? next : null
}

function repeated(settings: Settings, family: FamilyRow): string {
  const text = refreshTokenOfHash(settings, family.id, family.generation, family.tokenHash)
  if (!text) throw new ProblemError('invalid_token')
  return text
}

/** @throws ProblemError `account_suspended` */
export function refuseSuspended(account: Pick<AccountRow, 'suspendedAt'>): void {
  if (account.suspendedAt !== null) throw new ProblemError('account_suspended')
}

/** Ends the family of a refresh token, be it the newest or a spent one. A token that is not valid has nothing to end. */
export async function revoke(db: Db, settings: Settings, text: string, nowMs: number): Promise<void> {
  const token = readRefreshToken(settings, text)
  if (token) await markRevoked(db, token.familyId, nowMs)
}

/** Deletes families that have expired; before that even a revoked one is kept, to know its tokens again. */
export async function pruneRefreshFamilies(db: Db, nowMs: number): Promise<void> {
  await deleteExpiredFamilies(db, nowMs)
}
