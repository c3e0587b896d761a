import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { settingsOf } from '../../src/platform/env.ts'
import { ERRORS, type ErrorCode, hasCode, ProblemError, toProblem } from '../../src/platform/errors.ts'
import { createRouter, defineRoute } from '../../src/platform/http.ts'
import { jsonBodyLimit, onError, onNotFound, requestScope } from '../../src/platform/middleware.ts'
import { signIn } from '../support/accounts.ts'
import { codeOf, send } from '../support/http.ts'
import { ask, bench } from '../support/tracks.ts'

afterEach(() => vi.restoreAllMocks())

const SECRET = 'the secret of the database'
const app = createRouter()
app.onError(onError)
app.notFound(onNotFound)
app.use(requestScope(), jsonBodyLimit())
app.get('/throws', () => {
  throw new Error(SECRET, { cause: new Error(SECRET) })
})
app.openapi(
  defineRoute('public', {
    method: 'post',
    path: '/echo',
    request: {
      body: { content: { 'application/json': { schema: z.object({ text: z.string() }) } }, required: true },
    },
    responses: { 204: { description: 'Heard' } },
  }),
  (c) => c.body(null, 204),
)
const fetchApp = (request: Request) => Promise.resolve(app.fetch(request, env, createExecutionContext()))
const postJson = (body: BodyInit, type = 'application/json') =>
  fetchApp(
    new Request('https://segue.test/echo', { method: 'POST', headers: { 'content-type': type }, body }),
  )

describe('an error that nobody foresaw', () => {
  it('is answered with fixed text and logged under the request’s id', async () => {
    const lines: string[] = []
    vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)))
    const answer = await fetchApp(new Request('https://segue.test/throws'))
    expect(answer.status).toBe(500)
    const text = await answer.text()
    expect(text).not.toContain(SECRET)
    expect(text).not.toMatch(/stack|\.ts|at /)
    const requestId = answer.headers.get('x-request-id')
    expect(JSON.parse(text)).toEqual({
      type: 'urn:segue:problem:internal',
      title: 'Something went wrong on our side',
      status: 500,
      code: 'internal',
      detail: 'Something went wrong on our side.',
      requestId,
    })
    const failed = lines.map((line) => JSON.parse(line)).find((line) => line.event === 'request_failed')
    expect(failed).toMatchObject({ requestId, error: SECRET })
  })

  it('that looks like a known one by its code is still not shown', () => {
    const foreign = Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' })
    expect(JSON.stringify(toProblem(foreign, 'req'))).not.toContain(SECRET)
    for (const odd of [null, undefined, SECRET, { code: 'conflict', message: SECRET }])
      expect(toProblem(odd, 'req').body).toMatchObject({ code: 'internal' })
  })
})

describe('a problem', () => {
  it('has the status and the title of its code', () => {
    for (const [code, [status, title]] of Object.entries(ERRORS) as [
      ErrorCode,
      readonly [number, string],
    ][]) {
      const { body } = toProblem(new ProblemError(code, 'Because.'), 'req_1')
      expect(body).toEqual({
        type: `urn:segue:problem:${code}`,
        status,
        title,
        code,
        detail: 'Because.',
        requestId: 'req_1',
      })
    }
  })

  it('is told by its code, also as a plain error that crossed a boundary', () => {
    expect(hasCode(Object.assign(new Error('x'), { code: 'conflict' }), 'conflict')).toBe(true)
    expect(hasCode(new Error('conflict'), 'conflict')).toBe(false)
  })

  it('points at each member that was refused', async () => {
    const answer = await postJson('{"text":1}')
    expect(await answer.json()).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/json/text' }],
    })
  })
})

describe('a body', () => {
  const MEBIBYTE = 1024 * 1024
  const ofBytes = (bytes: number) => `{"text":"${'x'.repeat(bytes - 11)}"}`
  const chunked = (text: string) =>
    new ReadableStream({
      start(controller) {
        const bytes = new TextEncoder().encode(text)
        for (let at = 0; at < bytes.length; at += 65_536) controller.enqueue(bytes.subarray(at, at + 65_536))
        controller.close()
      },
    })

  it('of JSON may have a mebibyte, and not a byte more, whether its length is declared or not', async () => {
    for (const wrap of [(text: string) => text, chunked]) {
      expect((await postJson(wrap(ofBytes(MEBIBYTE)))).status).toBe(204)
      const answer = await postJson(wrap(ofBytes(MEBIBYTE + 1)))
      expect(answer.status).toBe(413)
      expect(await codeOf(answer)).toBe('payload_too_large')
    }
  })

  it.each([
    ['{', 'application/json', 400],
    ['', 'application/json', 400],
    ['{"text":"x"}', 'text/plain', 415],
    ['{"text":"x"}', 'application/json; charset=utf-8', 204],
  ])('%s of type %s is answered with %i', async (body, type, status) => {
    expect((await postJson(body, type)).status).toBe(status)
  })
})

describe('every answer', () => {
  it('says what browsers must not do with it, and carries its request id', async () => {
    const { headers } = await signIn()
    const preflight = { origin: 'https://player.example', 'access-control-request-method': 'GET' }
    const answers: [string, Promise<Response>][] = [
      ['a success', send('GET', '/healthz')],
      ['a list', send('GET', '/v1/tracks', { headers })],
      ['an unknown path', send('GET', '/nowhere')],
      ['no token', send('GET', '/v1/tracks')],
      ['bad input', send('GET', '/v1/tracks?limit=x', { headers })],
      ['a preflight', send('OPTIONS', '/v1/tracks', { headers: preflight })],
      ['media without a right', send('GET', '/media/x/track_01k9f3m7w8e2vbx0q4r5s6t7v8/master.m3u8')],
      ['a job without a right', send('PUT', '/internal/jobs/x/outputs/y')],
      ['the document', send('GET', '/openapi.json')],
      ['the page', send('GET', '/docs')],
      ['HEAD', send('HEAD', '/healthz')],
      ['a method that nobody serves', send('PROPFIND', '/v1/tracks')],
      ['a deployment without its settings', ask(bench({ LOG_LEVEL: 'loud' }).env, 'GET', '/healthz')],
    ]
    for (const [kind, asked] of answers) {
      const answer = await asked
      const of = (name: string) => answer.headers.get(name)
      expect(of('x-request-id'), kind).toMatch(/^req_[0-9a-z]{26}$/)
      expect(of('x-content-type-options'), kind).toBe('nosniff')
      expect(of('referrer-policy'), kind).toBe('no-referrer')
      expect(of('strict-transport-security'), kind).toContain('max-age=31536000')
      expect(of('content-security-policy'), kind).toContain("default-src 'none'")
      expect(of('cache-control'), kind).toBeTruthy()
      await answer.body?.cancel()
    }
  })

  it('of two requests has two ids', async () => {
    const ids = await Promise.all([send('GET', '/healthz'), send('GET', '/healthz')])
    expect(new Set(ids.map((answer) => answer.headers.get('x-request-id'))).size).toBe(2)
  })

  it('that read D1 carries a bookmark, which may come back', async () => {
    const { headers } = await signIn()
    const first = await send('GET', '/v1/tracks', { headers })
    const bookmark = first.headers.get('x-segue-bookmark') ?? ''
    expect(bookmark).toMatch(/^[0-9a-f-]{20,}$/)
    const second = await send('GET', '/v1/tracks', { headers: { ...headers, 'x-segue-bookmark': bookmark } })
    expect(second.status).toBe(200)
  })
})

describe('another site', () => {
  const asked = (origins: string, origin: string, method = 'GET') =>
    ask(bench({ CORS_ORIGINS: origins }).env, method, '/v1/tracks', {
      headers: { origin, ...(method === 'OPTIONS' ? { 'access-control-request-method': 'DELETE' } : {}) },
    })
  const allowed = async (origins: string, origin: string, method?: string) =>
    (await asked(origins, origin, method)).headers.get('access-control-allow-origin')

  it('may call the surface where the deployment names it, and no other', async () => {
    const named = 'https://a.example, https://b.example'
    for (const method of ['GET', 'OPTIONS']) {
      expect(await allowed(named, 'https://b.example', method)).toBe('https://b.example')
      expect(await allowed(named, 'https://evil.example', method)).toBeNull()
      expect(await allowed(named, 'https://a.example.evil.example', method)).toBeNull()
      expect(await allowed(named, 'null', method)).toBeNull()
      expect(await allowed('*', 'https://any.example', method)).toBe('https://any.example')
      expect(await allowed('', 'https://a.example', method)).toBeNull()
    }
    const preflight = await asked(named, 'https://a.example', 'OPTIONS')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('may read the ids, bookmarks and waits of answers', async () => {
    const exposed =
      (await asked('*', 'https://any.example')).headers.get('access-control-expose-headers') ?? ''
    for (const name of ['x-request-id', 'x-segue-bookmark', 'retry-after'])
      expect(exposed.toLowerCase()).toContain(name)
  })
})

describe('settings', () => {
  it('that are wrong are named, and never shown', () => {
    const wrong = {
      ...env,
      JWT_KEYS: JSON.stringify([{ kty: 'OKP', crv: 'Ed25519', kid: 'x', x: 'hunter2', d: 'hunter2' }]),
      SIGNING_KEYS: 'hunter2',
      TRANSCODER_SECRET: 'hunter2',
      TRANSCODER_URL: 'hunter2',
      LOG_LEVEL: 'hunter2',
      SIGNUPS_PER_HOUR: 'hunter2',
    }
    const message = messageOf(() => settingsOf(wrong))
    for (const name of Object.keys(wrong).filter((key) => Reflect.get(wrong, key) !== Reflect.get(env, key)))
      expect(message).toContain(name)
    expect(message).not.toContain('hunter2')
    expect(messageOf(() => settingsOf({ ...env, JWT_KEYS: '[hunter2' }))).not.toContain('hunter2')
  })

  it('that are missing are named', () => {
    expect(messageOf(() => settingsOf({}))).toMatch(/JWT_KEYS.*SIGNING_KEYS.*TRANSCODER_SECRET/)
  })

  it('may hold several keys, and spaces after commas', () => {
    const key = 'A'.repeat(43)
    const settings = settingsOf({
      ...env,
      SIGNING_KEYS: `${key}, ${key}`,
      CORS_ORIGINS: ' https://a.example , ',
    })
    expect(settings.SIGNING_KEYS).toEqual([key, key])
    expect(settings.CORS_ORIGINS).toEqual(['https://a.example'])
  })
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('nothing was thrown')
}
