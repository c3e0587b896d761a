import { env } from 'cloudflare:workers'
import { scryptSync } from 'node:crypto'
import { settingsOf } from '../../src/platform/env.ts'
import { newId } from '../../src/platform/ids.ts'
import { type Role, signAccessToken, type Tier } from '../../src/platform/tokens.ts'

/** The password of every account that {@link signIn} makes. */
export const TEST_PASSWORD = 'a test passphrase'

const SALT = Buffer.alloc(16, 7)
/** scrypt at its least cost (N = 2, r = 1, p = 1), so that fixtures cost nothing; made once. */
const CHEAP_HASH = phc(scryptSync(TEST_PASSWORD, SALT, 32, { N: 2, r: 1, p: 1 }))

function phc(key: Buffer): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=1,r=1,p=1$${base64(SALT)}$${base64(key)}`
}

export type SignedIn = {
  accountId: string
  email: string
  accessToken: string
  /** Headers of a request by this account. */
  headers: { authorization: string }
}

export type AccountOptions = { role?: Role; tier?: Tier; displayName?: string; isSuspended?: boolean }

/** Puts a new account straight into D1 and signs an access token for it: no sign-up, no throttle, no scrypt work. */
export async function signIn(options: AccountOptions = {}): Promise<SignedIn> {
  const { role = 'listener', tier = 'free', displayName = 'Test account', isSuspended = false } = options
  const accountId = newId('account')
  const email = `${accountId}@test.example`
  const nowMs = Date.now()
  await env.DB.prepare(
    `insert into accounts
       (id, email, email_key, display_name, role, tier, password_hash, suspended_at, created_at, updated_at)
     values (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)`,
  )
    .bind(accountId, email, displayName, role, tier, CHEAP_HASH, isSuspended ? nowMs : null, nowMs)
    .run()
  const accessToken = await signAccessToken(settingsOf(env), { accountId, role, tier }, nowMs)
  return { accountId, email, accessToken, headers: { authorization: `Bearer ${accessToken}` } }
}
