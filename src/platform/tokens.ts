import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { decodeJwt, errors, importJWK, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { Settings } from './env.ts'
import { ProblemError } from './errors.ts'

export const ROLES = ['listener', 'artist', 'moderator', 'admin'] as const
export const roleSchema = z.enum(ROLES)
export type Role = z.infer<typeof roleSchema>

export const TIERS = ['free', 'premium', 'family', 'student'] as const
export const tierSchema = z.enum(TIERS)
export type Tier = z.infer<typeof tierSchema>

/** Who is calling, as the access token says. */
export type Caller = { accountId: string; role: Role; tier: Tier }

export const ACCESS_TOKEN_SECONDS = 15 * 60
const ISSUER = 'segue'
const AUDIENCE = 'segue-api'

const claimsSchema = z.object({ sub: z.string(), role: roleSchema, tier: tierSchema })

/** Signs an access token (JWT, EdDSA) that lives {@link ACCESS_TOKEN_SECONDS}. `nowMs` is epoch milliseconds. */
export async function signAccessToken(settings: Settings, caller: Caller, nowMs: number): Promise<string> {
  const [key] = settings.JWT_KEYS
  if (!key) throw new Error('no key to sign access tokens with')
  const issuedAt = Math.floor(nowMs / 1000)
  return new SignJWT({ role: caller.role, tier: caller.tier })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' })
    .setSubject(caller.accountId)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
    .sign(await importJWK(key, 'EdDSA'))
}

/**
 * Verifies an access token: signature by a published key, algorithm, type, issuer, audience, lifetime.
 * @throws ProblemError `token_expired` or `invalid_token`
 */
export async function verifyAccessToken(settings: Settings, token: string, nowMs: number): Promise<Caller> {
  try {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = settings.JWT_KEYS.find((candidate) => candidate.kid === header.kid)
        if (!key) throw new errors.JWKSNoMatchingKey()
        return importJWK({ kty: key.kty, crv: key.crv, x: key.x }, 'EdDSA')
      },
      {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(nowMs),
      },
    )
    const claims = claimsSchema.parse(payload)
    return { accountId: claims.sub, role: claims.role, tier: claims.tier }
  } catch (cause) {
    const code = cause instanceof errors.JWTExpired ? 'token_expired' : 'invalid_token'
    throw new ProblemError(code, undefined, {
      cause,
      headers: { 'www-authenticate': `Bearer error="invalid_token"` },
    })
  }
}

/** The `exp` of a token that this service made, in epoch milliseconds. It verifies nothing. */
export function expiryOf(accessToken: string): number {
  return (decodeJwt(accessToken).exp ?? 0) * 1000
}

/** The public halves of the signing keys, as a JSON Web Key Set (RFC 7517). */
export function publicKeySet(settings: Settings) {
  return {
    keys: settings.JWT_KEYS.map(({ kty, crv, kid, x }) => {
      return { kty, crv, kid, x, alg: 'EdDSA' as const, use: 'sig' as const }
    }),
  }
}

/** What a MAC is for. Keys of different purposes are independent (HKDF, RFC 5869), so no token serves another's end. */
export type MacPurpose = 'media' | 'job' | 'refresh' | 'throttle'

const derived = new Map<string, Buffer>()

function keyFor(masterKey: string, purpose: MacPurpose): Buffer {
  const name = `${purpose}:${masterKey}`
  const known = derived.get(name)
  if (known) return known
  const key = Buffer.from(
    hkdfSync('sha256', Buffer.from(masterKey, 'base64url'), '', `segue/${purpose}/v1`, 32),
  )
  derived.set(name, key)
  return key
}

function macWith(masterKey: string, purpose: MacPurpose, message: string): Buffer {
  return createHmac('sha256', keyFor(masterKey, purpose)).update(message).digest()
}

/** HMAC-SHA-256 of `message` under the current key of this purpose, in base64url (43 characters). */
export function mac(settings: Settings, purpose: MacPurpose, message: string): string {
  const [masterKey] = settings.SIGNING_KEYS
  if (!masterKey) throw new Error('no key to sign with')
  return macWith(masterKey, purpose, message).toString('base64url')
}

/** True where `given` (base64url) is the MAC of `message` under any key that still verifies; takes constant time per key. */
export function macHolds(settings: Settings, purpose: MacPurpose, message: string, given: string): boolean {
  // Compared as text: several texts decode to the same bytes.
  const bytes = Buffer.from(given)
  return settings.SIGNING_KEYS.some((masterKey) => {
    const expected = Buffer.from(macWith(masterKey, purpose, message).toString('base64url'))
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  })
}

/** A capability: a JSON payload in base64url, a dot and its MAC. */
export function signCapability(settings: Settings, purpose: MacPurpose, payload: unknown): string {
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${body}.${mac(settings, purpose, body)}`
}

/**
 * Opens a capability of this purpose.
 * @throws ProblemError `invalid_token`
 */
export function openCapability<T>(
  settings: Settings,
  purpose: MacPurpose,
  token: string,
  schema: z.ZodType<T>,
): T {
  const [body, given, ...rest] = token.split('.')
  if (
    !body ||
    !given ||
    given.length !== 43 ||
    rest.length > 0 ||
    !macHolds(settings, purpose, body, given)
  ) {
    throw new ProblemError('invalid_token')
  }
  return schema.parse(JSON.parse(Buffer.from(body, 'base64url').toString()))
}
