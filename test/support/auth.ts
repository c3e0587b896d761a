import { env } from 'cloudflare:workers'
import type { z } from 'zod'
import type { userSchema } from '../../src/auth/representations.ts'
import { openDb } from '../../src/platform/db.ts'
import { type Settings, settingsOf } from '../../src/platform/env.ts'
import { newId } from '../../src/platform/ids.ts'
import { send } from './http.ts'

export type AuthSession = {
  user: z.infer<typeof userSchema>
  accessToken: string
  refreshToken: string
  expiresIn: number
}

export const PASSWORD = 'correct horse battery staple'

/** A database session as the services of this slice take it. */
export const primary = () => openDb(env.DB, 'first-primary').db

export const settings = (): Settings => settingsOf(env)

/** An address from which nobody has come yet. */
export function freshAddress(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(3))
  return `10.${bytes.join('.')}`
}

export function freshEmail(): string {
  return `${newId('account').slice(5)}@test.example`
}

/** Signs up over HTTP from a fresh address. */
export async function signUp(change: Record<string, unknown> = {}): Promise<AuthSession> {
  const body = { email: freshEmail(), password: PASSWORD, displayName: 'Ada', ...change }
  const headers = { 'cf-connecting-ip': freshAddress() }
  const response = await send('POST', '/v1/auth/signup', { body, headers })
  return response.json<AuthSession>()
}

export function logIn(email: string, password: string, address = freshAddress()): Promise<Response> {
  const headers = { 'cf-connecting-ip': address }
  return send('POST', '/v1/auth/login', { body: { email, password }, headers })
}

export function refreshOver(refreshToken: string): Promise<Response> {
  return send('POST', '/v1/auth/refresh', { body: { refreshToken } })
}

export async function suspend(accountId: string): Promise<void> {
  await env.DB.prepare('update accounts set suspended_at = 1 where id = ?').bind(accountId).run()
}
