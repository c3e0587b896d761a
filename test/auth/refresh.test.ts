import { env } from 'cloudflare:workers'
import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { insertFamily } from '../../src/auth/queries.ts'
import {
  ABSOLUTE_MS,
  type FamilyState,
  GRACE_MS,
  hashOf,
  IDLE_MS,
  judgeRefresh,
  readRefreshToken,
  refreshToken,
} from '../../src/auth/refresh.ts'
import { newFamily, pruneRefreshFamilies, refresh, revoke } from '../../src/auth/sessions.ts'
import type { Settings } from '../../src/platform/env.ts'
import { newId } from '../../src/platform/ids.ts'
import { mac } from '../../src/platform/tokens.ts'
import { type AccountOptions, signIn } from '../support/accounts.ts'
import { type AuthSession, primary, refreshOver, settings, suspend } from '../support/auth.ts'
import { codeOf, send } from '../support/http.ts'

const NOW_MS = Date.parse('2026-06-01T12:00:00Z')
const MINUTE_MS = 60_000

/** A new account with one sign-in, begun at `nowMs`. */
async function family(nowMs = NOW_MS, options: AccountOptions = {}) {
  const { accountId } = await signIn(options)
  const made = newFamily(settings(), nowMs)
  await insertFamily(primary(), accountId, made.family, nowMs)
  return { accountId, token: made.refreshToken, familyId: made.family.id }
}

const exchange = async (token: string, nowMs: number, by: Settings = settings()) =>
  (await refresh(primary(), by, token, nowMs)).refreshToken

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  )

function stored(familyId: string) {
  return env.DB.prepare('select * from refresh_families where id = ?')
    .bind(familyId)
    .first<{ generation: number; token_hash: string; revoked_at: number | null; expires_at: number }>()
}

describe('a refresh', () => {
  it('over HTTP answers like a login, with a token that is not the old one', async () => {
    const { token, accountId } = await family(Date.now())
    const response = await refreshOver(token)
    expect(response.status).toBe(200)
    const session = await response.json<AuthSession>()
    expect(session.user.id).toBe(accountId)
    expect(session.expiresIn).toBe(900)
    expect(session.refreshToken).not.toBe(token)
    const me = await send('GET', '/v1/me', { headers: { authorization: `Bearer ${session.accessToken}` } })
    expect(me.status).toBe(200)
  })

  it('goes on for many generations', async () => {
    let { token } = await family()
    for (let turn = 1; turn <= 20; turn++) token = await exchange(token, NOW_MS + turn * 15 * MINUTE_MS)
    expect(token).toContain('.21.')
  })

  it('reads role and tier anew', async () => {
    const { token, accountId } = await family(Date.now())
    await env.DB.prepare("update accounts set role = 'artist', tier = 'premium' where id = ?")
      .bind(accountId)
      .run()
    const { accessToken } = await (await refreshOver(token)).json<AuthSession>()
    expect(decodeJwt(accessToken)).toMatchObject({ role: 'artist', tier: 'premium' })
  })

  it('stores the hash of the newest token and no token', async () => {
    const { token, familyId } = await family()
    const next = await exchange(token, NOW_MS)
    const row = await stored(familyId)
    expect(row?.token_hash).toBe(hashOf(next))
    expect(JSON.stringify(row)).not.toContain(next.split('.')[2])
  })

  it('is refused to a suspended account, whose sign-in lives on in case that is lifted', async () => {
    const { token, accountId } = await family(Date.now())
    await suspend(accountId)
    const response = await refreshOver(token)
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('account_suspended')
    await env.DB.prepare('update accounts set suspended_at = null where id = ?').bind(accountId).run()
    expect((await refreshOver(token)).status).toBe(200)
  })
})

describe('nobody is logged out', () => {
  it('by two tabs that refresh at the same time', async () => {
    const { token, familyId } = await family()
    const tokens = await Promise.all(Array.from({ length: 8 }, () => exchange(token, NOW_MS)))
    expect(new Set(tokens).size).toBe(1)
    expect((await stored(familyId))?.generation).toBe(2)
    await exchange(tokens[0] ?? '', NOW_MS + 15 * MINUTE_MS)
  })

  it('by two tabs over HTTP either', async () => {
    const { token } = await family(Date.now())
    const answers = await Promise.all(Array.from({ length: 6 }, () => refreshOver(token)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(200))
    const sessions = await Promise.all(answers.map((answer) => answer.json<AuthSession>()))
    expect(new Set(sessions.map((session) => session.refreshToken)).size).toBe(1)
  })

  it('by an answer that was lost', async () => {
    const { token } = await family()
    const lost = await exchange(token, NOW_MS)
    expect(await exchange(token, NOW_MS + GRACE_MS)).toBe(lost)
    expect(await exchange(lost, NOW_MS + 15 * MINUTE_MS)).toContain('.3.')
  })

  it('by a change of the signing key, even between an answer and its repeat', async () => {
    const { token } = await family()
    const next = await exchange(token, NOW_MS)
    const newKey = randomBytes(32).toString('base64url')
    const rotated = { ...settings(), SIGNING_KEYS: [newKey, ...settings().SIGNING_KEYS] }
    expect(await exchange(token, NOW_MS + 1, rotated)).toBe(next)
    const third = await exchange(next, NOW_MS + 15 * MINUTE_MS, rotated)
    const onlyNew = { ...settings(), SIGNING_KEYS: [newKey] }
    expect(await exchange(third, NOW_MS + 30 * MINUTE_MS, onlyNew)).toContain('.4.')
  })
})

describe('a stolen token', () => {
  it('shown after the grace period ends the sign-in for the thief and the owner', async () => {
    const { token, familyId } = await family()
    const next = await exchange(token, NOW_MS)
    expect(await refusal(exchange(token, NOW_MS + GRACE_MS + 1))).toBe('invalid_token')
    expect((await stored(familyId))?.revoked_at).toBe(NOW_MS + GRACE_MS + 1)
    expect(await refusal(exchange(next, NOW_MS + GRACE_MS + 2))).toBe('invalid_token')
  })

  it('two generations old ends it even within the grace period', async () => {
    const { token } = await family()
    const second = await exchange(token, NOW_MS)
    const third = await exchange(second, NOW_MS + 1)
    expect(await refusal(exchange(token, NOW_MS + 2))).toBe('invalid_token')
    expect(await refusal(exchange(third, NOW_MS + 3))).toBe('invalid_token')
  })

  it('leaves the other sign-ins of the account alone', async () => {
    const { token, accountId } = await family()
    const other = newFamily(settings(), NOW_MS)
    await insertFamily(primary(), accountId, other.family, NOW_MS)
    await exchange(token, NOW_MS)
    await refusal(exchange(token, NOW_MS + MINUTE_MS))
    expect(await exchange(other.refreshToken, NOW_MS + MINUTE_MS)).toContain('.2.')
  })

  it('is answered over HTTP with 401 and no hint', async () => {
    const { token } = await family(Date.now() - MINUTE_MS * 10)
    await exchange(token, Date.now() - MINUTE_MS * 5)
    const response = await refreshOver(token)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'invalid_token', detail: 'The token is not valid' })
  })
})

describe('a refresh token', () => {
  it('is good for 60 days after the last refresh', async () => {
    const { token } = await family()
    expect(await refusal(exchange(token, NOW_MS + IDLE_MS))).toBe('invalid_token')
    const next = await exchange(token, NOW_MS + IDLE_MS - 1)
    expect(await exchange(next, NOW_MS + 2 * IDLE_MS - 2)).toContain('.3.')
  })

  it('is good for a year at most', async () => {
    let { token } = await family()
    for (let atMs = NOW_MS; atMs < NOW_MS + ABSOLUTE_MS - IDLE_MS / 2; atMs += IDLE_MS / 2) {
      token = await exchange(token, atMs)
    }
    expect(await refusal(exchange(token, NOW_MS + ABSOLUTE_MS))).toBe('invalid_token')
  })

  it('that was made up is refused and harms nobody', async () => {
    const { token, familyId } = await family()
    const [, , code = ''] = token.split('.')
    const foreign = { ...settings(), SIGNING_KEYS: [randomBytes(32).toString('base64url')] }
    const made = [
      '',
      'x',
      `${familyId}.1.${'A'.repeat(43)}`,
      `${familyId}.2.${code}`,
      `${familyId}.01.${code}`,
      `${newId('refreshFamily')}.1.${code}`,
      `${token}.`,
      ` ${token}`,
      token.slice(0, -1),
      refreshToken(foreign, familyId, 1),
      `${familyId}.1.${mac(settings(), 'media', `${familyId}.1`)}`,
      refreshToken(settings(), newId('refreshFamily'), 1),
      refreshToken(settings(), familyId, 7),
    ]
    for (const bad of made) expect(await refusal(exchange(bad, NOW_MS)), bad).toBe('invalid_token')
    expect(await exchange(token, NOW_MS)).toContain('.2.')
  })

  it('is refused in another shape by the surface', async () => {
    for (const body of [{}, { refreshToken: 7 }, { refreshToken: 'x'.repeat(257) }]) {
      const response = await send('POST', '/v1/auth/refresh', { body })
      expect(await codeOf(response)).toBe('validation_failed')
    }
  })
})

describe('logout', () => {
  it('ends the sign-in', async () => {
    const { token } = await family(Date.now())
    const response = await send('POST', '/v1/auth/logout', { body: { refreshToken: token } })
    expect(response.status).toBe(204)
    expect(await codeOf(await refreshOver(token))).toBe('invalid_token')
  })

  it('by a spent token ends it too', async () => {
    const { token } = await family()
    const next = await exchange(token, NOW_MS)
    await revoke(primary(), settings(), token, NOW_MS)
    expect(await refusal(exchange(next, NOW_MS))).toBe('invalid_token')
  })

  it('answers the same a second time and to a token that is none', async () => {
    const { token } = await family(Date.now())
    for (const refreshToken of [token, token, 'nonsense']) {
      expect((await send('POST', '/v1/auth/logout', { body: { refreshToken } })).status).toBe(204)
    }
  })

  it('leaves other sign-ins alone', async () => {
    const [one, other] = [await family(), await family()]
    await revoke(primary(), settings(), one.token, NOW_MS)
    expect(await exchange(other.token, NOW_MS)).toContain('.2.')
  })

  it('that comes between reading a family and advancing it wins', async () => {
    const { token } = await family()
    const [exchanged] = await Promise.all([
      refusal(exchange(token, NOW_MS)),
      revoke(primary(), settings(), token, NOW_MS),
    ])
    expect(['accepted', 'invalid_token']).toContain(exchanged)
    expect(await refusal(exchange(token, NOW_MS))).toBe('invalid_token')
  })
})

describe('pruning', () => {
  it('keeps a family, revoked or not, until it has expired', async () => {
    const { token, familyId } = await family()
    await revoke(primary(), settings(), token, NOW_MS)
    await pruneRefreshFamilies(primary(), NOW_MS + IDLE_MS)
    expect(await stored(familyId)).not.toBeNull()
    await pruneRefreshFamilies(primary(), NOW_MS + IDLE_MS + 1)
    expect(await stored(familyId)).toBeNull()
  })
})

describe('the verdict on a token', () => {
  const familyId = 'rfam_01k9f3m7w8e2vbx0q4r5s6t7v8'
  const tokenOf = (generation: number) => {
    const token = readRefreshToken(settings(), refreshToken(settings(), familyId, generation))
    if (!token) throw new Error('a token of our own was not read')
    return token
  }
  const state = (change: Partial<FamilyState> = {}): FamilyState => ({
    generation: 5,
    tokenHash: hashOf(tokenOf(5).text),
    rotatedAt: NOW_MS,
    expiresAt: NOW_MS + IDLE_MS,
    revokedAt: null,
    ...change,
  })

  it.each([
    ['the newest', 5, 0, {}, 'rotate'],
    ['the newest, a month later', 5, IDLE_MS / 2, {}, 'rotate'],
    ['the one before, at once', 4, 0, {}, 'repeat'],
    ['the one before, by a clock that is behind', 4, -5000, {}, 'repeat'],
    ['the one before, at the end of the grace period', 4, GRACE_MS, {}, 'repeat'],
    ['the one before, after it', 4, GRACE_MS + 1, {}, 'stolen'],
    ['one older than that', 3, 0, {}, 'stolen'],
    ['the first', 1, 0, {}, 'stolen'],
    ['one that is ahead of a restored database', 6, 0, {}, 'ended'],
    ['one of this generation with another hash', 5, 0, { tokenHash: hashOf('x') }, 'stolen'],
    ['the newest of a revoked family', 5, 0, { revokedAt: NOW_MS }, 'ended'],
    ['an old one of a revoked family', 1, 0, { revokedAt: NOW_MS }, 'ended'],
    ['the newest of an expired family', 5, IDLE_MS, {}, 'ended'],
  ] as const)('%s', (_, generation, afterMs, change, verdict) => {
    expect(judgeRefresh(state(change), tokenOf(generation), NOW_MS + afterMs)).toBe(verdict)
  })
})
