import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { suspensionCheck } from '../../src/auth/suspension.ts'
import { openDb } from '../../src/platform/db.ts'
import { ProblemError } from '../../src/platform/errors.ts'
import { createRouter, defineRoute } from '../../src/platform/http.ts'
import { idempotent, noteBodyDigest, pruneIdempotencyKeys } from '../../src/platform/idempotency.ts'
import { jsonBodyLimit, onError, requestScope } from '../../src/platform/middleware.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf } from '../support/http.ts'

let account: SignedIn
let made = 0
let outcome: () => Promise<void>

/** A creating operation as slices declare theirs. */
const app = createRouter()
app.onError(onError)
app.use(requestScope(), jsonBodyLimit(), suspensionCheck())
app.openapi(
  defineRoute('signed-in', {
    method: 'post',
    path: '/v1/things',
    middleware: [idempotent()] as const,
    request: {
      body: { content: { 'application/json': { schema: z.object({ name: z.string() }) } }, required: true },
    },
    responses: {
      201: { description: 'Made', content: { 'application/json': { schema: z.object({ n: z.number() }) } } },
    },
  }),
  async (c) => {
    made++
    const n = made
    await outcome()
    c.header('location', `/v1/things/${n}`)
    return c.json({ n }, 201)
  },
)

/** One that reads raw content, and notes what it was. */
app.openapi(
  defineRoute('signed-in', {
    method: 'post',
    path: '/v1/contents',
    middleware: [idempotent()] as const,
    responses: {
      201: { description: 'Made', content: { 'application/json': { schema: z.object({ n: z.number() }) } } },
    },
  }),
  async (c) => {
    made++
    const digest = await crypto.subtle.digest('SHA-256', await c.req.arrayBuffer())
    noteBodyDigest(c, Buffer.from(digest).toString('hex'))
    return c.json({ n: made }, 201)
  },
)

function send(key: string, content: string): Promise<Response> {
  const headers = { ...account.headers, 'content-type': 'audio/flac', 'idempotency-key': key }
  const request = new Request('https://segue.test/v1/contents', { method: 'POST', headers, body: content })
  return Promise.resolve(app.fetch(request, env, createExecutionContext()))
}

function post(key: string | null, name = 'tide', as = account): Promise<Response> {
  const headers: Record<string, string> = { ...as.headers, 'content-type': 'application/json' }
  if (key !== null) headers['idempotency-key'] = key
  const request = new Request('https://segue.test/v1/things', {
    method: 'POST',
    headers,
    body: JSON.stringify({ name }),
  })
  return Promise.resolve(app.fetch(request, env, createExecutionContext()))
}

beforeEach(async () => {
  account = await signIn()
  made = 0
  outcome = async () => undefined
})

describe('a request with an Idempotency-Key', () => {
  it('that is repeated gets the first answer again, and nothing is made twice', async () => {
    const first = await post('k1')
    const again = await post('k1')
    expect(made).toBe(1)
    expect([first.status, again.status]).toEqual([201, 201])
    expect(await again.text()).toBe(await first.text())
    expect(again.headers.get('location')).toBe('/v1/things/1')
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
  })

  it('is refused for another request', async () => {
    await post('k1', 'tide')
    const other = await post('k1', 'ebb')
    expect(other.status).toBe(422)
    expect(await codeOf(other)).toBe('idempotency_key_reused')
    expect(made).toBe(1)
  })

  it('is refused for other raw content, also of the same length', async () => {
    const first = await send('k1', 'tide')
    const other = await send('k1', 'ebbs')
    expect(other.status).toBe(422)
    expect(await codeOf(other)).toBe('idempotency_key_reused')
    const again = await send('k1', 'tide')
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.text()).toBe(await first.text())
    expect(made).toBe(1)
  })

  it('is told to wait while the first one runs', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    outcome = () => gate
    const first = post('k1')
    await expect.poll(() => made).toBe(1)
    const second = await post('k1')
    expect(second.status).toBe(409)
    expect(await codeOf(second)).toBe('idempotency_in_progress')
    expect(second.headers.get('retry-after')).toBe('1')
    release()
    expect((await first).status).toBe(201)
    expect((await post('k1')).status).toBe(201)
    expect(made).toBe(1)
  })

  it('may be sent again after it has failed, for a known reason or an unknown one', async () => {
    for (const error of [new ProblemError('conflict'), new Error('boom')]) {
      outcome = () => Promise.reject(error)
      expect((await post('k1')).ok).toBe(false)
    }
    outcome = async () => undefined
    expect((await post('k1')).status).toBe(201)
    expect(made).toBe(3)
  })

  it('may be sent again when the first one was cut off on its way, and never answered', async () => {
    outcome = () => new Promise(() => {})
    void post('k1')
    await expect.poll(() => made).toBe(1)
    outcome = async () => undefined
    const minutesPass = (minutes: number) =>
      env.DB.prepare('update idempotency_keys set created_at = created_at - ?')
        .bind(minutes * 60_000)
        .run()
    await minutesPass(14)
    expect((await post('k1')).status).toBe(409)
    await minutesPass(2)
    expect((await post('k1')).status).toBe(201)
  })

  it('is another one for another account', async () => {
    const other = await signIn()
    const [mine, theirs] = [await post('k1'), await post('k1', 'tide', other)]
    expect(await mine.json()).toEqual({ n: 1 })
    expect(await theirs.json()).toEqual({ n: 2 })
  })

  it('is remembered for 24 hours', async () => {
    const start = Date.now()
    await post('k1')
    await pruneIdempotencyKeys(openDb(env.DB, 'first-primary').db, start + 24 * 3600_000 - 1_000)
    await post('k1')
    expect(made).toBe(1)
    await env.DB.prepare('update idempotency_keys set created_at = created_at - ?')
      .bind(24 * 3600_000 + 1_000)
      .run()
    await post('k1')
    expect(made).toBe(2)
    await pruneIdempotencyKeys(openDb(env.DB, 'first-primary').db, start + 25 * 3600_000)
    expect(await env.DB.prepare('select count(*) as n from idempotency_keys').first('n')).toBe(0)
  })

  it.each(['', 'x'.repeat(129), 'a b', 'ü'])('"%s" is refused', async (key) => {
    const answer = await post(
      encodeURIComponent(key) === key || key === 'a b' ? key : encodeURIComponent(key).repeat(30),
    )
    expect(answer.status).toBe(400)
    expect(made).toBe(0)
  })

  it('ten times at once makes one thing', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('k1')))
    expect(made).toBe(1)
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201, 409]))
  })
})

describe('a request without an Idempotency-Key', () => {
  it('makes a new thing each time', async () => {
    await post(null)
    await post(null)
    expect(made).toBe(2)
  })
})
