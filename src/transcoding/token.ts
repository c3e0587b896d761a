import { z } from 'zod'
import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { openCapability, signCapability } from '../platform/tokens.ts'

/** A job may take as long as its watchdog keeps hearing of it, but no longer than this. */
const JOB_TOKEN_MS = 24 * 3600 * 1000

const claimsSchema = z.object({ t: z.string(), a: z.int(), e: z.int() })

/** What one attempt at one track may be done with: read its input, write its outputs, tell its events. */
export function signJobToken(
  settings: Settings,
  job: { trackId: string; attempt: number },
  nowMs: number,
): string {
  return signCapability(settings, 'job', { t: job.trackId, a: job.attempt, e: nowMs + JOB_TOKEN_MS })
}

/** @throws ProblemError `invalid_token` (forged, or for another track) or `token_expired` */
export function openJobToken(settings: Settings, token: string, trackId: string, nowMs: number) {
  const claims = openCapability(settings, 'job', token, claimsSchema)
  if (claims.t !== trackId) throw new ProblemError('invalid_token')
  if (claims.e < nowMs) throw new ProblemError('token_expired')
  return { trackId: claims.t, attempt: claims.a }
}
