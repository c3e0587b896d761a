import { createHash } from 'node:crypto'
import type { Settings } from '../platform/env.ts'
import { mac, macHolds } from '../platform/tokens.ts'

/**
 * Refresh tokens: `<family id>.<generation>.<HMAC-SHA-256 of both>`. A family is one sign-in; each use of its
 * newest token makes the next generation. Since a token is derived, showing a spent one again can be answered with
 * the successor that was already given, without that ever being stored.
 *
 * A signing key must stay listed (not first) until the tokens made with it have been rotated, at most
 * {@link IDLE_MS}; taking it away signs their holders out.
 */
export type RefreshToken = { familyId: string; generation: number; text: string }

/** How long a spent token still gets its successor: a lost answer, or two tabs that refresh at once. */
export const GRACE_MS = 30_000

const DAY_MS = 24 * 3600 * 1000
/** A sign-in ends after so long without a refresh… */
export const IDLE_MS = 60 * DAY_MS
/** …and this long after it began in any case. */
export const ABSOLUTE_MS = 365 * DAY_MS

const FORM = /^(rfam_[0-9a-z]{26})\.([1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/

/** The token of a family's generation under the current signing key. */
export function refreshToken(settings: Settings, familyId: string, generation: number): string {
  const message = `${familyId}.${generation}`
  return `${message}.${mac(settings, 'refresh', message)}`
}

/**
 * The token of a family's generation whose hash is known, under whichever listed key made it: the first key may
 * have changed since. Null where none did.
 */
export function refreshTokenOfHash(
  settings: Settings,
  familyId: string,
  generation: number,
  hash: string,
): string | null {
  for (const key of settings.SIGNING_KEYS) {
    const text = refreshToken({ ...settings, SIGNING_KEYS: [key] }, familyId, generation)
    if (hashOf(text) === hash) return text
  }
  return null
}

/** Reads a token that a client sent; null unless this service made it. */
export function readRefreshToken(settings: Settings, text: string): RefreshToken | null {
  const [, familyId, generation, given] = FORM.exec(text) ?? []
  if (!familyId || !generation || !given) return null
  if (!macHolds(settings, 'refresh', `${familyId}.${generation}`, given)) return null
  return { familyId, generation: Number(generation), text }
}

/** SHA-256 in hex: what is stored of a token. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** When a family ends that was begun and last refreshed at these times (epoch milliseconds). */
export function expiryAfter(createdAtMs: number, refreshedAtMs: number): number {
  return Math.min(refreshedAtMs + IDLE_MS, createdAtMs + ABSOLUTE_MS)
}

export type FamilyState = {
  generation: number
  tokenHash: string
  rotatedAt: number
  expiresAt: number
  revokedAt: number | null
}

/**
 * What to do about a token: `rotate` the newest, `repeat` the successor of one just spent, take it for `stolen`
 * (both the holder and someone else have it), or find the family `ended`.
 */
export type RefreshVerdict = 'rotate' | 'repeat' | 'stolen' | 'ended'

/** Judges a token of this service against its family (RFC 9700, section 4.14.2: rotation and reuse detection). */
export function judgeRefresh(family: FamilyState, token: RefreshToken, nowMs: number): RefreshVerdict {
  if (family.revokedAt !== null || nowMs >= family.expiresAt) return 'ended'
  // Ahead of the row: the database was restored to an earlier time.
  if (token.generation > family.generation) return 'ended'
  if (token.generation === family.generation) {
    return hashOf(token.text) === family.tokenHash ? 'rotate' : 'stolen'
  }
  const isJustSpent = token.generation === family.generation - 1 && nowMs - family.rotatedAt <= GRACE_MS
  return isJustSpent ? 'repeat' : 'stolen'
}
