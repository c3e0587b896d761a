import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptLogin, attemptSignUp, loginSucceeded } from '../../src/auth/attempts.ts'
import { networkOf } from '../../src/auth/network.ts'
import { logIn } from '../../src/auth/service.ts'
import {
  counted,
  forgottenAtMs,
  hourlyRule,
  KNOWN_MS,
  LOGIN_ACCOUNT_RULE,
  LOGIN_NETWORK_RULE,
  LOGIN_PAIR_RULE,
  type Rule,
  released,
  type Tries,
  waitMs,
} from '../../src/auth/throttle.ts'
import { objectOf } from '../../src/platform/placement.ts'
import { app } from '../../workers/app.ts'
import type { Throttle } from '../../workers/throttle.ts'
import { signIn, TEST_PASSWORD } from '../support/accounts.ts'
import { freshAddress, freshEmail, logIn as logInOver, PASSWORD, primary, settings } from '../support/auth.ts'
import { codeOf, ORIGIN } from '../support/http.ts'

const NOW_MS = Date.parse('2026-06-01T12:00:00Z')
const HOUR_MS = 3_600_000
const rule: Rule = { free: 3, drainMs: 60_000, firstDelayMs: 1000, maxDelayMs: 8000 }

/** Tries at once, then as soon as each is allowed; gives the wait before each. */
function waitsOf(count: number, by: Rule): number[] {
  let tries: Tries | null = null
  let nowMs = NOW_MS
  return Array.from({ length: count }, () => {
    const wait = waitMs(tries, by, nowMs)
    nowMs += wait
    tries = counted(tries, by, nowMs)
    return wait
  })
}

describe('the rule', () => {
  it('lets the free tries through, then doubles the delay up to its longest', () => {
    expect(waitsOf(9, rule)).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000])
  })

  it.each([
    ['a login from one network', LOGIN_PAIR_RULE, 8, [0, 0, 0, 0, 0, 2000, 4000, 8000]],
    ['five sign-ups an hour', hourlyRule(5), 7, [0, 0, 0, 0, 0, 720_000, 720_000]],
    ['one sign-up an hour', hourlyRule(1), 3, [0, HOUR_MS, HOUR_MS]],
  ])('gives %s its delays', (_, by, count, waits) => {
    expect(waitsOf(count, by)).toEqual(waits)
  })

  it.each([
    ['one account from one network', LOGIN_PAIR_RULE, 110],
    ['one account from everywhere', LOGIN_ACCOUNT_RULE, 1500],
    ['one network', LOGIN_NETWORK_RULE, 3000],
  ])('keeps the failures of %s under a number a day', (_, by, most) => {
    let passed = 0
    let nowMs = NOW_MS
    for (let tries: Tries | null = null; nowMs < NOW_MS + 24 * HOUR_MS; passed++) {
      tries = counted(tries, by, nowMs)
      nowMs += waitMs(tries, by, nowMs)
    }
    expect(passed).toBeLessThan(most)
  })

  it('makes nobody wait longer than its longest delay', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { maxLength: 60 }), (gaps) => {
        let tries: Tries | null = null
        let nowMs = NOW_MS
        for (const gap of gaps) {
          nowMs += gap
          const wait = waitMs(tries, rule, nowMs)
          expect(wait).toBeLessThanOrEqual(rule.maxDelayMs)
          expect(waitMs(tries, rule, nowMs + wait)).toBe(0)
          if (wait === 0) tries = counted(tries, rule, nowMs)
        }
      }),
    )
  })

  it('forgets one try each drain time, and all of them in the end', () => {
    let tries = counted(null, rule, NOW_MS)
    for (let i = 0; i < 5; i++) tries = counted(tries, rule, NOW_MS)
    expect(waitMs(tries, rule, NOW_MS)).toBe(8000)
    expect(waitMs(tries, rule, NOW_MS + 4 * 60_000)).toBe(0)
    expect(forgottenAtMs(tries, rule)).toBe(NOW_MS + 6 * 60_000)
    const late = counted(tries, rule, forgottenAtMs(tries, rule))
    expect(late.level).toBe(1)
  })

  it('takes a try back', () => {
    const two = counted(counted(null, rule, NOW_MS), rule, NOW_MS)
    expect(released(two).level).toBe(1)
    expect(released(released(released(two))).level).toBe(0)
  })

  it('is not undone by a clock that runs behind', () => {
    let tries: Tries | null = null
    for (let i = 0; i < 4; i++) tries = counted(tries, rule, NOW_MS)
    expect(waitMs(tries, rule, NOW_MS - 60_000)).toBe(2000)
    expect(counted(tries, rule, NOW_MS - 60_000).atMs).toBe(NOW_MS)
  })
})

describe('the network of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['unknown', 'unknown'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

const attempt = (emailKey: string, address: string, nowMs: number) =>
  attemptLogin(env.THROTTLE, settings(), { emailKey, address }, nowMs)

const codeOfTry = (promise: Promise<unknown>) =>
  promise.then(
    () => 'passed',
    (error: { code: string }) => error.code,
  )

const guess = (email: string, password: string, address: string, nowMs: number) =>
  codeOfTry(logIn(primary(), settings(), env.THROTTLE, { email, password, address }, nowMs))

describe('guessing', () => {
  it('in parallel gets no more tries than one after another', async () => {
    const { email } = await signIn()
    const address = freshAddress()
    const guesses = Array.from({ length: 20 }, (_, i) => guess(email, `guess number ${i}`, address, NOW_MS))
    const codes = (await Promise.all(guesses)).sort()
    expect(codes).toEqual([...Array(5).fill('invalid_credentials'), ...Array(15).fill('too_many_requests')])
  })

  it('refuses the right password too while one has to wait, and takes it after that', async () => {
    const { email } = await signIn()
    const address = freshAddress()
    for (let i = 0; i < 5; i++) await guess(email, 'wrong', address, NOW_MS)
    expect(await guess(email, TEST_PASSWORD, address, NOW_MS + 1999)).toBe('too_many_requests')
    expect(await guess(email, TEST_PASSWORD, address, NOW_MS + 2000)).toBe('passed')
  })

  it('is forgotten for account and network once the right password came', async () => {
    const { email } = await signIn()
    const address = freshAddress()
    for (let i = 0; i < 4; i++) await guess(email, 'wrong', address, NOW_MS)
    expect(await guess(email, TEST_PASSWORD, address, NOW_MS)).toBe('passed')
    for (let i = 0; i < 5; i++) expect(await codeOfTry(attempt(email, address, NOW_MS))).toBe('passed')
    expect(await codeOfTry(attempt(email, address, NOW_MS))).toBe('too_many_requests')
  })

  it('is counted for an unknown email as for a known one', async () => {
    const email = freshEmail()
    const address = freshAddress()
    for (let i = 0; i < 5; i++) await attempt(email, address, NOW_MS)
    expect(await guess(email, PASSWORD, address, NOW_MS)).toBe('too_many_requests')
  })

  it('counts an email as one however it is written', async () => {
    const { email } = await signIn()
    const address = freshAddress()
    const codes = []
    for (const [i, written] of [email, email.toUpperCase(), ` ${email}`, email, email, email].entries()) {
      codes.push(await guess(written, `wrong ${i}`, address, NOW_MS))
    }
    expect(codes.at(-1)).toBe('too_many_requests')
  })

  it('counts the addresses of one IPv6 subscriber as one', async () => {
    const email = freshEmail()
    for (let i = 1; i <= 5; i++) await attempt(email, `2001:db8:7:7::${i}`, NOW_MS)
    expect(await codeOfTry(attempt(email, '2001:db8:7:7:aaaa::9', NOW_MS))).toBe('too_many_requests')
    expect(await codeOfTry(attempt(email, '2001:db8:7:8::1', NOW_MS))).toBe('passed')
  })

  it('from one network does not keep the owner out elsewhere', async () => {
    const { email } = await signIn()
    const stranger = freshAddress()
    for (let i = 0; i < 12; i++) await guess(email, 'wrong', stranger, NOW_MS + i * 100)
    expect(await guess(email, TEST_PASSWORD, freshAddress(), NOW_MS + 1200)).toBe('passed')
  })

  it('from very many networks slows down, but not where the owner has logged in before', async () => {
    const { email } = await signIn()
    const home = freshAddress()
    expect(await guess(email, TEST_PASSWORD, home, NOW_MS)).toBe('passed')
    for (let i = 0; i < LOGIN_ACCOUNT_RULE.free; i++) await attempt(email, freshAddress(), NOW_MS + 1)
    expect(await codeOfTry(attempt(email, freshAddress(), NOW_MS + 2))).toBe('too_many_requests')
    expect(await guess(email, TEST_PASSWORD, home, NOW_MS + 2)).toBe('passed')
    for (let i = 0; i < 5; i++) await attempt(email, home, NOW_MS + 3)
    expect(await guess(email, TEST_PASSWORD, home, NOW_MS + 3)).toBe('too_many_requests')
  })

  it('forgets a network after a while', async () => {
    const email = freshEmail()
    const home = freshAddress()
    await loginSucceeded(env.THROTTLE, await attempt(email, home, NOW_MS), NOW_MS)
    expect((await attempt(email, home, NOW_MS + KNOWN_MS - 1)).isWidelyCounted).toBe(false)
    expect((await attempt(email, home, NOW_MS + KNOWN_MS)).isWidelyCounted).toBe(true)
  })

  it('one password on very many accounts slows down its network', async () => {
    const address = freshAddress()
    for (let i = 0; i < LOGIN_NETWORK_RULE.free; i++) await attempt(freshEmail(), address, NOW_MS)
    const email = freshEmail()
    for (let i = 0; i < 10; i++) {
      expect(await codeOfTry(attempt(email, address, NOW_MS))).toBe('too_many_requests')
    }
    // Those were not counted against the account.
    for (let i = 0; i < 5; i++) await attempt(email, freshAddress(), NOW_MS)
    expect(await codeOfTry(attempt(email, address, NOW_MS + LOGIN_NETWORK_RULE.maxDelayMs))).toBe('passed')
  })

  it('never costs those who know their passwords, however many share a network', async () => {
    const address = freshAddress()
    for (let i = 0; i < LOGIN_NETWORK_RULE.free + 5; i++) {
      await loginSucceeded(env.THROTTLE, await attempt(freshEmail(), address, NOW_MS), NOW_MS)
    }
    expect(await codeOfTry(attempt(freshEmail(), address, NOW_MS))).toBe('passed')
  })

  it('is told over HTTP how long to wait', async () => {
    const { email } = await signIn()
    const address = freshAddress()
    // Tried in what is the future to the request, so that the time it takes does not matter.
    let nowMs = Date.now() + HOUR_MS
    for (let i = 0; i < 10; i++) {
      await attempt(email, address, nowMs)
      nowMs += LOGIN_PAIR_RULE.maxDelayMs / 10
    }
    const response = await logInOver(email, TEST_PASSWORD, address)
    expect(response.status).toBe(429)
    expect(await codeOf(response)).toBe('too_many_requests')
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(1)
    expect(seconds).toBeLessThanOrEqual(LOGIN_PAIR_RULE.maxDelayMs / 1000)
  })
})

describe('sign-ups', () => {
  const signUpFrom = (address: string, email = freshEmail(), password = PASSWORD) =>
    app.request(
      `${ORIGIN}/v1/auth/signup`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'cf-connecting-ip': address },
        body: JSON.stringify({ email, password, displayName: 'Ada' }),
      },
      { ...env, SIGNUPS_PER_HOUR: '2' },
    )

  it('from one network are limited by the setting, and others go on', async () => {
    const address = freshAddress()
    expect((await signUpFrom(address)).status).toBe(201)
    expect((await signUpFrom(address)).status).toBe(201)
    const response = await signUpFrom(address)
    expect(response.status).toBe(429)
    expect(await codeOf(response)).toBe('too_many_requests')
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(1700)
    expect((await signUpFrom(freshAddress())).status).toBe(201)
  })

  it('count even where the email is taken, but not where the input is refused', async () => {
    const address = freshAddress()
    const email = freshEmail()
    expect((await signUpFrom(address, email, 'short')).status).toBe(400)
    expect((await signUpFrom(address, email)).status).toBe(201)
    expect((await signUpFrom(address, email)).status).toBe(409)
    expect((await signUpFrom(address, email)).status).toBe(429)
  })

  it('are free again after their share of an hour', async () => {
    const address = freshAddress()
    const few = { ...settings(), SIGNUPS_PER_HOUR: 2 }
    const signUpAt = (nowMs: number) => codeOfTry(attemptSignUp(env.THROTTLE, few, address, nowMs))
    expect(await signUpAt(NOW_MS)).toBe('passed')
    expect(await signUpAt(NOW_MS)).toBe('passed')
    expect(await signUpAt(NOW_MS + HOUR_MS / 2 - 1)).toBe('too_many_requests')
    expect(await signUpAt(NOW_MS + HOUR_MS / 2)).toBe('passed')
  })
})

describe('the throttle object', () => {
  const contentOf = (stub: DurableObjectStub<Throttle>) =>
    runInDurableObject(stub, async (_, state) => ({
      tries: state.storage.sql.exec('select * from tries').toArray(),
      known: state.storage.sql.exec('select * from known').toArray(),
      alarm: await state.storage.getAlarm(),
    }))

  it('prunes by its alarm what is forgotten, and sleeps once nothing is left', async () => {
    const stub = objectOf(env.THROTTLE, 'test-prune')
    const nowMs = Date.now()
    await stub.reserve([{ key: 'old', rule }], nowMs - HOUR_MS)
    await stub.reserve([{ key: 'new', rule: { ...rule, drainMs: 24 * HOUR_MS } }], nowMs)
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    const content = await contentOf(stub)
    expect(content.tries.map((row) => row.key)).toEqual(['new'])
    expect(content.alarm).not.toBeNull()

    await stub.succeed('new', nowMs + KNOWN_MS)
    await runDurableObjectAlarm(stub)
    expect((await contentOf(stub)).alarm).toBe(nowMs + KNOWN_MS)

    await stub.succeed('new', nowMs - 1)
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await contentOf(stub)).toEqual({ tries: [], known: [], alarm: null })
  })

  it('counts nothing where one of several keys has to wait', async () => {
    const stub = objectOf(env.THROTTLE, 'test-together')
    const once = { ...rule, free: 1 }
    await stub.reserve([{ key: 'b', rule: once }], NOW_MS)
    expect(
      await stub.reserve(
        [
          { key: 'a', rule: once },
          { key: 'b', rule: once },
        ],
        NOW_MS,
      ),
    ).toEqual({
      waitMs: 1000,
      keys: [],
    })
    expect((await stub.reserve([{ key: 'a', rule: once }], NOW_MS)).waitMs).toBe(0)
  })

  it('stores no email and no address', async () => {
    const email = freshEmail()
    const address = freshAddress()
    await loginSucceeded(env.THROTTLE, await attempt(email, address, NOW_MS), NOW_MS)
    for (let shard = 0; shard < 64; shard++) {
      const text = JSON.stringify(await contentOf(objectOf(env.THROTTLE, `shard-${shard}`)))
      expect(text).not.toContain(email)
      expect(text).not.toContain(address)
    }
  })
})
