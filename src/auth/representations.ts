import { z } from '@hono/zod-openapi'
import type { Settings } from '../platform/env.ts'
import { idSchema } from '../platform/ids.ts'
import { ACCESS_TOKEN_SECONDS, roleSchema, signAccessToken, tierSchema } from '../platform/tokens.ts'
import { displayNameSchema, emailSchema, MAX_PASSWORD, newPasswordSchema } from './identity.ts'
import type { AccountRow } from './queries.ts'
import type { Grant } from './sessions.ts'

export const signUpSchema = z
  .object({
    email: emailSchema,
    password: newPasswordSchema,
    displayName: displayNameSchema,
  })
  .openapi('SignUp')

export const logInSchema = z
  .object({
    email: emailSchema,
    password: z
      .string()
      .min(1)
      .max(MAX_PASSWORD)
      .openapi({ format: 'password', example: 'correct horse battery staple' }),
  })
  .openapi('LogIn')

export const refreshTokenSchema = z
  .object({
    refreshToken: z.string().min(1).max(256).openapi({
      description: 'The newest refresh token of a sign-in. Opaque.',
      example: 'rfam_01k9f3m7w8e2vbx0q4r5s6t7v8.1.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }),
  })
  .openapi('RefreshToken')

export const userSchema = z
  .object({
    id: idSchema('account'),
    email: z.string().openapi({ format: 'email', example: 'ada@example.com' }),
    displayName: z.string().openapi({ example: 'Ada' }),
    role: roleSchema.openapi({ example: 'listener' }),
    tier: tierSchema.openapi({ example: 'free' }),
    createdAt: z.string().openapi({ format: 'date-time', example: '2026-11-03T12:00:00.000Z' }),
  })
  .openapi('User')

export const userChangeSchema = z
  .strictObject({ displayName: displayNameSchema.optional() })
  .openapi('UserChange')

export const authSessionSchema = z
  .object({
    user: userSchema,
    accessToken: z.string().openapi({
      description: 'A JWT for `Authorization: Bearer`, which verifies by `/.well-known/jwks.json`.',
      example: 'eyJhbGciOiJFZERTQSIsImtpZCI6IjEiLCJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiJhY2N0X….c2ln…',
    }),
    refreshToken: z.string().openapi({
      description: 'Good for one `POST /v1/auth/refresh` within 60 days. Keep it secret.',
      example: 'rfam_01k9f3m7w8e2vbx0q4r5s6t7v8.2.Wg3Gc1F0qXJ8yHqTn5v4o1b0lJ6sZr2mKpQe9uYtRxA',
    }),
    expiresIn: z.int().openapi({ description: 'Seconds until the access token expires.', example: 900 }),
  })
  .openapi('AuthSession')

export const jsonWebKeySetSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        kid: z.string().openapi({ example: '2026-11' }),
        x: z.string().openapi({ example: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  })
  .openapi('JsonWebKeySet')

/** An account as its owner sees it. */
export function toUser(account: AccountRow): z.infer<typeof userSchema> {
  const { id, email, displayName, role, tier, createdAt } = account
  return { id, email, displayName, role, tier, createdAt: new Date(createdAt).toISOString() }
}

/** The answer of sign-up, login and refresh, with a new access token. `nowMs` is epoch milliseconds. */
export async function toAuthSession(
  settings: Settings,
  { account, refreshToken }: Grant,
  nowMs: number,
): Promise<z.infer<typeof authSessionSchema>> {
  const caller = { accountId: account.id, role: account.role, tier: account.tier }
  return {
    user: toUser(account),
    accessToken: await signAccessToken(settings, caller, nowMs),
    refreshToken,
    expiresIn: ACCESS_TOKEN_SECONDS,
  }
}
