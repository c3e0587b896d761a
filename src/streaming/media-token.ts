import { z } from 'zod'
import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { openCapability, signCapability } from '../platform/tokens.ts'
import { type Quality, qualitySchema } from './quality.ts'

/** What a media URL allows: one track, for one listener, up to one quality, until a time (epoch milliseconds). */
export type MediaGrant = {
  trackId: string
  accountId: string
  tier: string
  ceiling: Quality
  expiresAt: number
}

const MIN_LIFETIME_MS = 6 * 3600 * 1000
const OPENED_KEPT = 2_000

const claimsSchema = z.object({ t: z.string(), a: z.string(), r: z.string(), q: qualitySchema, e: z.int() })

/** Tokens that this isolate has verified already: a player asks with the same one for every range. */
const opened = new Map<string, MediaGrant>()

/** When a media token for a track of this length expires: after 6 h or three times its length, whichever is later. */
export function mediaExpiry(durationMs: number, nowMs: number): number {
  return nowMs + Math.max(MIN_LIFETIME_MS, 3 * durationMs)
}

export function signMediaToken(settings: Settings, grant: MediaGrant): string {
  const { trackId, accountId, tier, ceiling, expiresAt } = grant
  return signCapability(settings, 'media', { t: trackId, a: accountId, r: tier, q: ceiling, e: expiresAt })
}

/**
 * Opens the token of a media URL.
 * @throws ProblemError `invalid_token` (forged), `token_expired`, `forbidden` (made for another track)
 */
export function openMediaToken(
  settings: Settings,
  token: string,
  trackId: string,
  nowMs: number,
): MediaGrant {
  const grant = opened.get(token) ?? remember(token, verify(settings, token))
  if (grant.expiresAt <= nowMs) throw new ProblemError('token_expired')
  if (grant.trackId !== trackId) throw new ProblemError('forbidden', 'This token is for another track.')
  return grant
}

function verify(settings: Settings, token: string): MediaGrant {
  const { t, a, r, q, e } = openCapability(settings, 'media', token, claimsSchema)
  return { trackId: t, accountId: a, tier: r, ceiling: q, expiresAt: e }
}

function remember(token: string, grant: MediaGrant): MediaGrant {
  if (opened.size >= OPENED_KEPT) opened.clear()
  opened.set(token, grant)
  return grant
}
