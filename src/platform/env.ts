import { z } from 'zod'
import { LOG_LEVELS, setLogLevel } from './log.ts'

const base64Url256Bits = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')

const privateJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string().min(1).max(64),
  x: base64Url256Bits,
  d: base64Url256Bits,
})
export type PrivateJwk = z.infer<typeof privateJwkSchema>

const jsonText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' })
    return z.NEVER
  }
})

const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

const optionalUrl = z.union([z.literal('').transform(() => null), z.url()])

const settingsSchema = z.object({
  /** Ed25519 private keys; the first signs access tokens, all are published and verify. */
  JWT_KEYS: jsonText.pipe(z.array(privateJwkSchema).min(1)),
  /** Master keys of all other signatures (HKDF per purpose); the first signs, all verify. */
  SIGNING_KEYS: commaList.pipe(z.array(base64Url256Bits).min(1)),
  TRANSCODER_SECRET: z.string().min(32),
  TRANSCODER_URL: optionalUrl,
  TRANSCODER_CALLBACK_URL: optionalUrl,
  CORS_ORIGINS: commaList,
  LOG_LEVEL: z.enum(LOG_LEVELS),
  SIGNUPS_PER_HOUR: z.coerce.number().int().positive(),
  ANALYTICS_ACCOUNT_ID: z.string(),
  ANALYTICS_TOKEN: z.string().optional(),
})
export type Settings = z.infer<typeof settingsSchema>

const parsed = new WeakMap<object, Settings>()

/**
 * The settings of this deployment, parsed at their first use in an isolate.
 * @throws Error naming the settings that are missing or wrong, never their values
 */
export function settingsOf(env: object): Settings {
  const known = parsed.get(env)
  if (known) return known
  const result = settingsSchema.safeParse(env)
  if (!result.success) {
    const names = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`settings are not valid: ${names.join('; ')}`)
  }
  setLogLevel(result.data.LOG_LEVEL)
  parsed.set(env, result.data)
  return result.data
}
