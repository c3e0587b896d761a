import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { PrivateJwk, Settings } from '../../src/platform/env.ts'
import { type Caller, publicKeySet, signAccessToken, verifyAccessToken } from '../../src/platform/tokens.ts'
import { signIn } from '../support/accounts.ts'
import { settings } from '../support/auth.ts'
import { codeOf, send } from '../support/http.ts'

const NOW_MS = Date.parse('2026-06-01T12:00:00Z')
const caller: Caller = { accountId: 'acct_01k9f3m7w8e2vbx0q4r5s6t7v8', role: 'listener', tier: 'free' }

function newKey(kid: string): PrivateJwk {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return { kty: 'OKP', crv: 'Ed25519', kid, x, d }
}

const keyA = newKey('a')
const keyB = newKey('b')
const under = (...keys: PrivateJwk[]): Settings => ({ ...settings(), JWT_KEYS: keys })

const base64Url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token like the service's own but for `change`. */
async function forge(
  change: { header?: object; claims?: Record<string, unknown>; key?: PrivateJwk } = {},
): Promise<string> {
  const iat = NOW_MS / 1000
  const claims = {
    sub: caller.accountId,
    role: 'listener',
    tier: 'free',
    iss: 'segue',
    aud: 'segue-api',
    iat,
    exp: iat + 900,
  }
  return new SignJWT({ ...claims, ...change.claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'a', typ: 'at+jwt', ...change.header })
    .sign(await importJWK(change.key ?? keyA, 'EdDSA'))
}

function withHmac(secret: string | Buffer): string {
  const iat = NOW_MS / 1000
  const head = base64Url({ alg: 'HS256', kid: 'a', typ: 'at+jwt' })
  const body = base64Url({
    sub: caller.accountId,
    role: 'admin',
    tier: 'free',
    iss: 'segue',
    aud: 'segue-api',
    iat,
    exp: iat + 900,
  })
  return `${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`
}

describe('an access token', () => {
  it('verifies with the key that its id names, whichever signs now', async () => {
    const token = await signAccessToken(under(keyA), caller, NOW_MS)
    expect(await verifyAccessToken(under(keyB, keyA), token, NOW_MS)).toEqual(caller)
    const newer = await signAccessToken(under(keyB, keyA), caller, NOW_MS)
    expect(await verifyAccessToken(under(keyB, keyA), newer, NOW_MS)).toEqual(caller)
    await expect(verifyAccessToken(under(keyB), token, NOW_MS)).rejects.toMatchObject({
      code: 'invalid_token',
    })
  })

  it('lives for fifteen minutes', async () => {
    const token = await signAccessToken(under(keyA), caller, NOW_MS)
    expect(await verifyAccessToken(under(keyA), token, NOW_MS + 899_000)).toEqual(caller)
    await expect(verifyAccessToken(under(keyA), token, NOW_MS + 900_000)).rejects.toMatchObject({
      code: 'token_expired',
    })
  })

  it('is worth nothing once any bit of it is flipped', async () => {
    const token = await signAccessToken(under(keyA), caller, NOW_MS)
    // The last character of an Ed25519 signature carries four unused bits, which no decoder sees.
    const positions = [...token].flatMap((character, at) => (character === '.' ? [] : [at])).slice(0, -1)
    for (const at of positions) {
      const flipped = String.fromCharCode(token.charCodeAt(at) ^ 1)
      const bad = token.slice(0, at) + flipped + token.slice(at + 1)
      await expect(verifyAccessToken(under(keyA), bad, NOW_MS), `at ${at}`).rejects.toMatchObject({
        code: 'invalid_token',
      })
    }
  })

  it('is worth nothing once it is cut short', async () => {
    const token = await signAccessToken(under(keyA), caller, NOW_MS)
    for (let length = 0; length < token.length; length++) {
      await expect(verifyAccessToken(under(keyA), token.slice(0, length), NOW_MS)).rejects.toMatchObject({
        code: 'invalid_token',
      })
    }
  })

  const publicPem = createPublicKey({ key: { ...keyA }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const cases: [string, () => string | Promise<string>, string?][] = [
    [
      'the algorithm none',
      async () => `${base64Url({ alg: 'none', kid: 'a', typ: 'at+jwt' })}.${(await forge()).split('.')[1]}.`,
    ],
    ['an HMAC by the public key in base64url', () => withHmac(keyA.x)],
    ['an HMAC by the bytes of the public key', () => withHmac(Buffer.from(keyA.x, 'base64url'))],
    ['an HMAC by the public key in PEM', () => withHmac(publicPem)],
    ['a foreign key under a known id', () => forge({ key: keyB })],
    ['a foreign key under its own id', () => forge({ key: keyB, header: { kid: 'b' } })],
    [
      'a key that it brings along',
      () => forge({ key: keyB, header: { jwk: { kty: 'OKP', crv: 'Ed25519', x: keyB.x } } }),
    ],
    ['no key id', () => forge({ header: { kid: undefined } })],
    ['another type', () => forge({ header: { typ: 'JWT' } })],
    ['another audience', () => forge({ claims: { aud: 'segue-media' } })],
    ['another issuer', () => forge({ claims: { iss: 'elsewhere' } })],
    ['no expiry', () => forge({ claims: { exp: undefined } })],
    ['no subject', () => forge({ claims: { sub: undefined } })],
    ['a role that does not exist', () => forge({ claims: { role: 'root' } })],
    ['a tier that does not exist', () => forge({ claims: { tier: 'gold' } })],
    ['a start that is to come', () => forge({ claims: { nbf: NOW_MS / 1000 + 60 } })],
    ['an expiry that is past', () => forge({ claims: { exp: NOW_MS / 1000 - 1 } }), 'token_expired'],
    [
      'an unknown critical extension',
      () => forge({ header: { crit: ['x'], x: 1 } }).catch(() => 'unsignable'),
    ],
    ['nothing of a token', () => 'not.a.token'],
  ]
  it.each(cases)('is refused with %s', async (_, make, code = 'invalid_token') => {
    await expect(verifyAccessToken(under(keyA), await make(), NOW_MS)).rejects.toMatchObject({ code })
  })

  it('is what the table above varies', async () => {
    expect(await verifyAccessToken(under(keyA), await forge(), NOW_MS)).toEqual(caller)
  })
})

describe('over HTTP', () => {
  it.each([
    ['a wrong scheme', (token: string) => `Basic ${token}`, 'unauthenticated'],
    ['no token', () => 'Bearer ', 'unauthenticated'],
    ['two tokens', (token: string) => `Bearer ${token} ${token}`, 'unauthenticated'],
    ['a changed token', (token: string) => `Bearer ${token.slice(0, -6)}AAAAAA`, 'invalid_token'],
  ])('%s is refused', async (_, header, code) => {
    const { accessToken } = await signIn()
    const response = await send('GET', '/v1/me', { headers: { authorization: header(accessToken) } })
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe(code)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
  })

  it('an expired token is told apart, so that a client refreshes', async () => {
    const { accountId } = await signIn()
    const old = await signAccessToken(settings(), { ...caller, accountId }, Date.now() - 3_600_000)
    const response = await send('GET', '/v1/me', { headers: { authorization: `Bearer ${old}` } })
    expect(await codeOf(response)).toBe('token_expired')
  })

  it('the published keys verify tokens and hold nothing private', async () => {
    const response = await send('GET', '/.well-known/jwks.json')
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const text = await response.text()
    expect(JSON.parse(text)).toEqual(publicKeySet(settings()))
    for (const { d } of settings().JWT_KEYS) expect(text).not.toContain(d)
    expect(JSON.parse(text).keys[0]).toMatchObject({ kid: 'test', alg: 'EdDSA', use: 'sig' })
  })
})
