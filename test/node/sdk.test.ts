import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { createSegue, type Segue, type SegueOptions } from '../../sdk/client.ts'
import { isSegueError, SegueError, type SegueErrorCode } from '../../sdk/errors.ts'
import type { Track, User } from '../../sdk/generated/types.gen.ts'
import { eachItem } from '../../sdk/pages.ts'
import { retryDelayMs } from '../../sdk/retry.ts'
import type { Tokens } from '../../sdk/session.ts'

type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: string }
type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'cut'
type Handler = (request: Seen, count: number) => Answer | Promise<Answer>

let server: Server
let baseUrl: string
let seen: Seen[]
let handlers: Record<string, Handler>

beforeEach(async () => {
  seen = []
  handlers = {}
  server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method = '', url = '', headers } = request
  const path = url.split('?')[0] ?? ''
  const one = { method, path, headers, body: Buffer.concat(chunks).toString() }
  seen.push(one)
  const handler = handlers[`${method} ${path}`]
  if (!handler) throw new Error(`nothing serves ${method} ${url}`)
  const count = seen.filter((other) => other.method === method && other.path === path).length
  const result = await handler(one, count)
  if (result === 'cut') return void response.destroy()
  response.writeHead(result.status, {
    'content-type': result.status >= 400 ? 'application/problem+json' : 'application/json',
    ...result.headers,
  })
  response.end(result.body === undefined ? '' : JSON.stringify(result.body))
}

function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Answer {
  const body = { type: `urn:segue:problem:${code}`, title: code, status, code, detail: `It is ${code}.` }
  return { status, headers, body: { ...body, requestId: 'req_1', ...more } }
}

const user: User = {
  id: 'acct_1',
  email: 'ada@example.com',
  displayName: 'Ada',
  role: 'artist',
  tier: 'premium',
  createdAt: '2026-11-03T12:00:00.000Z',
}

/** Serves the account to whoever shows `access-<n>`, where n is the newest generation; refresh makes the next. */
function serveAccount(): void {
  let newest = 1
  handlers['GET /v1/me'] = ({ headers }) =>
    headers.authorization === `Bearer access-${newest}`
      ? { status: 200, body: user }
      : problem(401, 'token_expired')
  handlers['POST /v1/auth/refresh'] = ({ body }) => {
    if (JSON.parse(body).refreshToken !== `refresh-${newest}`) return problem(401, 'invalid_token')
    newest++
    return {
      status: 200,
      body: { user, accessToken: `access-${newest}`, refreshToken: `refresh-${newest}`, expiresIn: 900 },
    }
  }
}

const expired: Tokens = { accessToken: 'access-0', refreshToken: 'refresh-1' }

function segueOf(options: Partial<SegueOptions> = {}): Segue {
  return createSegue({ baseUrl, ...options })
}

function requests(name: string): Seen[] {
  return seen.filter(({ method, path }) => `${method} ${path}` === name)
}

describe('refusals', () => {
  it('are thrown as SegueError with all that the problem says', async () => {
    const errors = [{ pointer: '/param/id', detail: 'not an id' }]
    handlers['GET /v1/tracks/x'] = () => problem(400, 'validation_failed', { errors })
    const error = await segueOf()
      .getTrack({ path: { id: 'x' } })
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SegueError)
    expect(error).toMatchObject({
      code: 'validation_failed',
      status: 400,
      detail: 'It is validation_failed.',
      requestId: 'req_1',
      errors,
    })
    expect(isSegueError(error, 'validation_failed')).toBe(true)
    expect(isSegueError(error, 'not_found')).toBe(false)
  })

  it('by something that is not the service keep their status', async () => {
    handlers['GET /v1/me'] = () => ({ status: 418, body: '<html>' })
    await expect(segueOf().getMe()).rejects.toMatchObject({ code: 'unexpected_answer', status: 418 })
  })

  it('are not confused with a server that is not there', async () => {
    const error = await createSegue({ baseUrl: 'http://127.0.0.1:1', retries: 0 })
      .getMe()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TypeError)
    expect(isSegueError(error)).toBe(false)
  })
})

describe('an expired access token', () => {
  it('is exchanged, and the call made again', async () => {
    serveAccount()
    const kept: (Tokens | null)[] = []
    const segue = segueOf({ tokens: expired, onTokens: (tokens) => void kept.push(tokens) })
    await expect(segue.getMe()).resolves.toEqual(user)
    expect(kept).toMatchObject([{ accessToken: 'access-2', refreshToken: 'refresh-2' }])
    expect(segue.tokens).toEqual(kept[0])
  })

  it('is exchanged once for all calls that find it expired', async () => {
    serveAccount()
    const segue = segueOf({ tokens: expired })
    await Promise.all(Array.from({ length: 20 }, () => segue.getMe()))
    expect(requests('POST /v1/auth/refresh')).toHaveLength(1)
  })

  it('is exchanged before it is used where its time is known', async () => {
    serveAccount()
    const segue = segueOf({ tokens: { ...expired, expiresAt: Date.now() + 5_000 } })
    await segue.getMe()
    expect(seen.map(({ path }) => path)).toEqual(['/v1/auth/refresh', '/v1/me'])
  })

  it('is exchanged although the first answer was lost', async () => {
    serveAccount()
    const refresh = handlers['POST /v1/auth/refresh'] as Handler
    let first: Answer | undefined
    handlers['POST /v1/auth/refresh'] = async (request, count) => {
      // The server gives the same successor again.
      first ??= await refresh(request, count)
      return count === 1 ? 'cut' : first
    }
    await expect(segueOf({ tokens: expired }).getMe()).resolves.toEqual(user)
  })

  it('ends the sign-in where the refresh token is refused', async () => {
    serveAccount()
    const kept: (Tokens | null)[] = []
    const segue = segueOf({
      tokens: { accessToken: 'access-0', refreshToken: 'stolen' },
      onTokens: (tokens) => void kept.push(tokens),
    })
    await expect(segue.getMe()).rejects.toMatchObject({ code: 'invalid_token' })
    expect(kept).toEqual([null])
    expect(segue.tokens).toBeNull()
  })

  it('is replaced by what another process has stored meanwhile', async () => {
    serveAccount()
    const stored = { accessToken: 'access-1', refreshToken: 'refresh-1' }
    const segue = segueOf({
      tokens: { accessToken: 'access-0', refreshToken: 'refresh-0' },
      readTokens: () => stored,
    })
    await segue.getMe()
    expect(requests('POST /v1/auth/refresh')).toHaveLength(0)
  })

  it('is not exchanged for other refusals', async () => {
    handlers['GET /v1/me'] = () => problem(403, 'account_suspended')
    await expect(segueOf({ tokens: expired }).getMe()).rejects.toMatchObject({ code: 'account_suspended' })
    expect(seen).toHaveLength(1)
  })
})

describe('signing in and out', () => {
  it('makes later calls as the account, and forgets it at the end', async () => {
    const body = { user, accessToken: 'access-1', refreshToken: 'refresh-1', expiresIn: 900 }
    serveAccount()
    handlers['POST /v1/auth/login'] = () => ({ status: 200, body })
    handlers['POST /v1/auth/logout'] = () => ({ status: 204 })
    const segue = segueOf()
    await segue.signIn({ email: 'ada@example.com', password: 'secret' })
    await segue.getMe()
    await segue.signOut()
    expect(segue.tokens).toBeNull()
    expect(requests('POST /v1/auth/login')[0]?.headers.authorization).toBeUndefined()
    expect(JSON.parse(requests('POST /v1/auth/logout')[0]?.body ?? '')).toEqual({ refreshToken: 'refresh-1' })
  })

  it('is not tried again by itself', async () => {
    handlers['POST /v1/auth/login'] = () => problem(429, 'too_many_requests', {}, { 'retry-after': '0' })
    const login = segueOf().signIn({ email: 'ada@example.com', password: 'guess' })
    await expect(login).rejects.toMatchObject({ code: 'too_many_requests', retryAfterSeconds: 0 })
    expect(seen).toHaveLength(1)
  })
})

describe('trying again', () => {
  const uploaded = { trackId: 'track_1', uploadId: 'upload_1', isDuplicate: false }

  it('gets through 429, 503 and a lost connection where the call may be repeated', async () => {
    handlers['GET /v1/me'] = (_request, count) =>
      [
        problem(429, 'too_many_requests', {}, { 'retry-after': '0' }),
        problem(503, 'unavailable'),
        'cut' as const,
        { status: 200, body: user },
      ][count - 1] ?? 'cut'
    await expect(segueOf().getMe()).resolves.toEqual(user)
  })

  it('ends after as many tries as were asked for', async () => {
    handlers['GET /v1/me'] = () => problem(503, 'unavailable')
    await expect(segueOf({ retries: 1 }).getMe()).rejects.toMatchObject({ code: 'unavailable' })
    expect(seen).toHaveLength(2)
  })

  it('creates under one key that no other call has', async () => {
    handlers['POST /v1/tracks'] = (_request, count) => (count === 1 ? 'cut' : { status: 201, body: uploaded })
    const segue = segueOf()
    await segue.uploadTrack({ body: new Blob(['the whole file']) })
    await segue.uploadTrack({ body: new Blob(['another file']) })
    const [first, again, other] = requests('POST /v1/tracks')
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
    expect(again?.headers['idempotency-key']).toBe(first?.headers['idempotency-key'])
    expect(other?.headers['idempotency-key']).not.toBe(first?.headers['idempotency-key'])
    expect(again?.body).toBe('the whole file')
    expect(again?.headers['content-length']).toBe('14')
  })

  it('waits for a first request that still runs under the key', async () => {
    handlers['POST /v1/tracks'] = (_request, count) =>
      count === 1
        ? problem(409, 'idempotency_in_progress', {}, { 'retry-after': '0' })
        : { status: 201, body: uploaded }
    await expect(segueOf().uploadTrack({ body: new Blob(['x']) })).resolves.toEqual(uploaded)
  })

  it('leaves alone what might happen twice', async () => {
    handlers['PATCH /v1/me'] = () => problem(503, 'unavailable')
    await expect(segueOf().updateMe({ body: { displayName: 'A' } })).rejects.toMatchObject({ status: 503 })
    expect(seen).toHaveLength(1)
  })

  it('stops waiting as soon as it is told to', async () => {
    handlers['GET /v1/me'] = () => problem(429, 'too_many_requests', {}, { 'retry-after': '20' })
    const stop = new AbortController()
    const call = segueOf().getMe({ signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(call).rejects.toThrow('enough')
  })

  it('waits longer each time, at random, and as long as the service asks', () => {
    const longest = () => 0.999_999
    expect([0, 1, 2, 9].map((attempt) => retryDelayMs(attempt, null, longest))).toEqual([
      300, 600, 1200, 10_000,
    ])
    expect(retryDelayMs(2, null, () => 0)).toBe(600)
    expect(retryDelayMs(0, 7, () => 0)).toBe(7_000)
    expect(retryDelayMs(0, 3600, () => 0)).toBeNull()
  })
})

describe('the bookmark', () => {
  it('goes back to the service, the latest one of all', async () => {
    const bookmarks = ['b-2', 'b-3', 'b-1', 'b-1']
    handlers['GET /v1/me'] = (_request, count) => ({
      status: 200,
      body: user,
      headers: { 'x-segue-bookmark': bookmarks[count - 1] ?? '' },
    })
    const segue = segueOf()
    for (const _ of bookmarks) await segue.getMe()
    expect(seen.map(({ headers }) => headers['x-segue-bookmark'])).toEqual([undefined, 'b-2', 'b-3', 'b-3'])
  })
})

describe('any path', () => {
  it('is fetched with the tokens and answered as it is', async () => {
    serveAccount()
    const response = await segueOf({ tokens: expired }).fetch('/v1/me')
    expect(response.status).toBe(200)
    handlers['POST /v1/anything'] = ({ body }) => ({ status: 404, body })
    const refused = await segueOf().fetch('/v1/anything', { method: 'POST', body: 'text' })
    expect([refused.status, await refused.json()]).toEqual([404, 'text'])
  })
})

describe('lists', () => {
  it('are read page by page to their end', async () => {
    const pages = [
      { items: [1, 2], nextCursor: 'a' },
      { items: [], nextCursor: 'b' },
      { items: [3], nextCursor: null },
    ]
    const cursors: (string | undefined)[] = []
    const items: number[] = []
    const list = eachItem(async (cursor) => {
      cursors.push(cursor)
      return pages[cursors.length - 1] ?? { items: [], nextCursor: null }
    })
    for await (const item of list) items.push(item)
    expect(items).toEqual([1, 2, 3])
    expect(cursors).toEqual([undefined, 'a', 'b'])
  })
})

describe('types', () => {
  it('tell what an operation takes and gives', () => {
    expectTypeOf(async () => (await segueOf().listTracks()).items).returns.resolves.toEqualTypeOf<Track[]>()
    expectTypeOf(() => segueOf().getMe()).returns.resolves.toEqualTypeOf<User>()
    expectTypeOf<'not_found'>().toExtend<SegueErrorCode>()
    // @ts-expect-error There is no such code.
    isSegueError(null, 'nothing')
    // @ts-expect-error There is no such status.
    const wrong = () => segueOf().listTracks({ query: { status: 'lost' } })
    expect(wrong).toBeTypeOf('function')
  })
})
