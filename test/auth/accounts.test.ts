import { env, exports } from 'cloudflare:workers'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { accountPk, listSuspendedAccounts } from '../../src/auth/service.ts'
import { newId } from '../../src/platform/ids.ts'
import { uploads } from '../../src/uploads/schema.ts'
import { signIn, TEST_PASSWORD } from '../support/accounts.ts'
import {
  type AuthSession,
  freshEmail,
  logIn,
  PASSWORD,
  primary,
  refreshOver,
  signUp,
  suspend,
} from '../support/auth.ts'
import { codeOf, send } from '../support/http.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

function hashOfAccount(accountId: string): Promise<string | null> {
  return env.DB.prepare('select password_hash from accounts where id = ?')
    .bind(accountId)
    .first('password_hash')
}

describe('sign-up', () => {
  it('makes a listener on the free tier and signs it in', async () => {
    const email = freshEmail()
    const response = await send('POST', '/v1/auth/signup', {
      body: { email: `  ${email.toUpperCase()} `, password: PASSWORD, displayName: ' Ada\u0301 ' },
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const session = await response.json<AuthSession>()
    expect(session.user).toMatchObject({ role: 'listener', tier: 'free', displayName: 'Ad\u00e1' })
    expect(session.user.email).toBe(email.toUpperCase())
    expect(session.user.id).toMatch(/^acct_/)
    expect(new Date(session.user.createdAt).toISOString()).toBe(session.user.createdAt)
    expect(session.expiresIn).toBe(900)
    const me = await send('GET', '/v1/me', { headers: bearer(session.accessToken) })
    expect(await me.json()).toEqual(session.user)
  })

  it('puts role, tier and a quarter of an hour into the access token', async () => {
    const { accessToken, user } = await signUp()
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', kid: 'test', typ: 'at+jwt' })
    const claims = decodeJwt(accessToken)
    expect(claims).toMatchObject({ sub: user.id, role: 'listener', tier: 'free', aud: 'segue-api' })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900)
  })

  it('never tells the password or its hash', async () => {
    const text = JSON.stringify(await signUp())
    expect(text).not.toContain('scrypt')
    expect(text).not.toContain(PASSWORD)
  })

  it('refuses a second account for an email, however it is written', async () => {
    const email = freshEmail()
    await signUp({ email })
    const wide = email.replace('@', '\uff20')
    for (const again of [email, email.toUpperCase(), ` ${email} `, wide]) {
      const body = { email: again, password: PASSWORD, displayName: 'Eve' }
      const response = await send('POST', '/v1/auth/signup', { body })
      expect(response.status).toBe(409)
      expect(await codeOf(response)).toBe('email_taken')
    }
  })

  it('makes one account of two sign-ups at the same time, and no family for the other', async () => {
    const body = { email: freshEmail(), password: PASSWORD, displayName: 'Ada' }
    const before = await env.DB.prepare('select count(*) as n from refresh_families').first('n')
    const answers = await Promise.all([1, 2].map(() => send('POST', '/v1/auth/signup', { body })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409])
    const after = await env.DB.prepare('select count(*) as n from refresh_families').first('n')
    expect(Number(after) - Number(before)).toBe(1)
  })

  it.each([
    ['an email without a domain', { email: 'ada' }, '/json/email'],
    ['a password of nine characters', { password: '123456789' }, '/json/password'],
    ['a password of nine characters that take more bytes', { password: '🎧'.repeat(9) }, '/json/password'],
    ['a password of 201 characters', { password: 'x'.repeat(201) }, '/json/password'],
    ['an empty name', { displayName: '  ' }, '/json/displayName'],
    ['a name of 81 characters', { displayName: 'x'.repeat(81) }, '/json/displayName'],
    ['a name with a line break', { displayName: 'a\nb' }, '/json/displayName'],
    ['a name that turns the text around it', { displayName: 'a\u202eb' }, '/json/displayName'],
    ['an invisible name', { displayName: '\u200b\u200d' }, '/json/displayName'],
    ['a missing name', { displayName: undefined }, '/json/displayName'],
  ])('refuses %s', async (_, change, pointer) => {
    const body = { email: freshEmail(), password: PASSWORD, displayName: 'Ada', ...change }
    const response = await send('POST', '/v1/auth/signup', { body })
    expect(response.status).toBe(400)
    const problem = await response.json<{ code: string; errors: { pointer: string }[] }>()
    expect(problem.code).toBe('validation_failed')
    expect(problem.errors[0]?.pointer).toBe(pointer)
  })

  it.each(['1234567890', 'x'.repeat(200), '          ', 'пароль пароль', '🎧'.repeat(10)])(
    'takes the password %s',
    async (password) => {
      const { user } = await signUp({ password })
      expect((await logIn(user.email, password)).status).toBe(200)
    },
  )

  it('refuses a role that somebody gives themselves', async () => {
    const { user } = await signUp({ role: 'admin', tier: 'premium' })
    expect(user).toMatchObject({ role: 'listener', tier: 'free' })
  })
})

describe('login', () => {
  it('answers like sign-up, whatever the case of the email', async () => {
    const { user } = await signUp()
    const response = await logIn(user.email.toUpperCase(), PASSWORD)
    expect(response.status).toBe(200)
    const session = await response.json<AuthSession>()
    expect(session.user).toEqual(user)
    expect((await refreshOver(session.refreshToken)).status).toBe(200)
  })

  it('carries role and tier of the account in the token', async () => {
    const { email } = await signIn({ role: 'moderator', tier: 'family' })
    const { accessToken } = await (await logIn(email, TEST_PASSWORD)).json<AuthSession>()
    expect(decodeJwt(accessToken)).toMatchObject({ role: 'moderator', tier: 'family' })
  })

  it('answers a wrong password and an unknown email alike', async () => {
    const { email } = await signIn()
    const answers = await Promise.all([logIn(email, 'not the password'), logIn(freshEmail(), PASSWORD)])
    const bodies = await Promise.all(answers.map((answer) => answer.json<Record<string, unknown>>()))
    expect(answers.map((answer) => answer.status)).toEqual([401, 401])
    expect(bodies[0]).toEqual({ ...bodies[1], requestId: bodies[0]?.requestId })
    expect(bodies[0]?.code).toBe('invalid_credentials')
    expect([...(answers[0]?.headers.keys() ?? [])]).toEqual([...(answers[1]?.headers.keys() ?? [])])
  })

  it('tells a suspended account so, but only whoever knows the password', async () => {
    const { email } = await signIn({ isSuspended: true })
    expect(await codeOf(await logIn(email, 'not the password'))).toBe('invalid_credentials')
    const response = await logIn(email, TEST_PASSWORD)
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('account_suspended')
  })

  it('hashes a password anew that was hashed at another cost', async () => {
    const { accountId, email } = await signIn()
    expect(await hashOfAccount(accountId)).toContain('ln=1,r=1,p=1')
    await logIn(email, 'not the password')
    expect(await hashOfAccount(accountId)).toContain('ln=1,r=1,p=1')
    expect((await logIn(email, TEST_PASSWORD)).status).toBe(200)
    const rehashed = await hashOfAccount(accountId)
    expect(rehashed).toContain('ln=14,r=8,p=5')
    expect((await logIn(email, TEST_PASSWORD)).status).toBe(200)
    expect(await hashOfAccount(accountId)).toBe(rehashed)
  })

  it.each([
    ['malformed JSON', '{', 'application/json', 400, 'validation_failed'],
    ['a form', 'email=a', 'application/x-www-form-urlencoded', 415, 'unsupported_media'],
    ['an empty password', '{"email":"a@b.co","password":""}', 'application/json', 400, 'validation_failed'],
    ['no email', '{"password":"x"}', 'application/json', 400, 'validation_failed'],
    ['an array', '[]', 'application/json', 400, 'validation_failed'],
  ])('refuses %s', async (_, body, type, status, code) => {
    const response = await exports.default.fetch('https://segue.test/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    expect(response.status).toBe(status)
    expect(await codeOf(response)).toBe(code)
  })
})

describe('the own account', () => {
  it('takes another display name', async () => {
    const { headers, accountId } = await signIn()
    const response = await send('PATCH', '/v1/me', { headers, body: { displayName: ' Grace 👩‍🚀 ' } })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: accountId, displayName: 'Grace 👩‍🚀' })
    const me = await send('GET', '/v1/me', { headers })
    expect(await me.json()).toMatchObject({ displayName: 'Grace 👩‍🚀' })
  })

  it('stays as it is where nothing is given', async () => {
    const { headers } = await signIn({ displayName: 'Grace' })
    const response = await send('PATCH', '/v1/me', { headers, body: {} })
    expect(await response.json()).toMatchObject({ displayName: 'Grace' })
  })

  it.each([
    ['a role', { role: 'admin' }],
    ['an email', { email: 'eve@example.com' }],
    ['a name with a tab', { displayName: 'a\tb' }],
    ['a name with an isolate', { displayName: '\u2066a' }],
    ['an empty name', { displayName: '' }],
    ['a name that is null', { displayName: null }],
  ])('refuses %s', async (_, body) => {
    const { headers } = await signIn()
    const response = await send('PATCH', '/v1/me', { headers, body })
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('validation_failed')
  })

  it.each(['GET', 'PATCH'])('refuses %s without a token, before its body is read', async (method) => {
    const response = await send(method, '/v1/me', method === 'PATCH' ? { body: { nonsense: 1 } } : {})
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('unauthenticated')
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('refuses a suspended account', async () => {
    const { headers, accountId } = await signIn()
    await suspend(accountId)
    expect(await codeOf(await send('GET', '/v1/me', { headers }))).toBe('account_suspended')
    const patched = await send('PATCH', '/v1/me', { headers, body: { displayName: 'Eve' } })
    expect(await codeOf(patched)).toBe('account_suspended')
  })

  it('refuses a token whose account is gone', async () => {
    const { headers, accountId } = await signIn()
    await env.DB.prepare('delete from accounts where id = ?').bind(accountId).run()
    expect(await codeOf(await send('GET', '/v1/me', { headers }))).toBe('invalid_token')
  })
})

describe('a suspended account', () => {
  it('is refused everything within 30 seconds, while its token is still good', async () => {
    const { headers, accountId } = await signIn({ role: 'artist' })
    const requests = [
      ['GET', '/v1/tracks'],
      ['POST', '/v1/tracks?fileName=x.mp3'],
      ['GET', '/v1/uploads'],
      ['GET', '/v1/me/playback-session'],
      ['DELETE', `/v1/tracks/${newId('track')}`],
    ] as const
    for (const [method, path] of requests) {
      expect((await send(method, path, { headers })).status, path).not.toBe(403)
    }
    await suspend(accountId)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 })
    try {
      for (const [method, path] of requests) {
        expect(await codeOf(await send(method, path, { headers })), path).toBe('account_suspended')
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('what other slices ask of accounts', () => {
  it('lists the suspended ones', async () => {
    const [free, suspended] = [await signIn(), await signIn({ isSuspended: true })]
    const ids = await listSuspendedAccounts(primary())
    expect(ids).toContain(suspended.accountId)
    expect(ids).not.toContain(free.accountId)
  })

  it('finds the key of an account within an insert', async () => {
    const { accountId } = await signIn()
    const db = primary()
    const row = { id: newId('upload'), fileName: 'a.flac', length: 1, state: 'uploading' as const }
    const times = { createdAt: 1, updatedAt: 1, expiresAt: 2 }
    const [inserted] = await db
      .insert(uploads)
      .values({ ...row, ...times, ownerPk: accountPk(accountId) })
      .returning({ ownerPk: uploads.ownerPk })
    const pk = await env.DB.prepare('select pk from accounts where id = ?').bind(accountId).first('pk')
    expect(inserted?.ownerPk).toBe(pk)
  })
})
