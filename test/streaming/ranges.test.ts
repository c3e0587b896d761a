import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { settingsOf } from '../../src/platform/env.ts'
import { signMediaToken } from '../../src/streaming/media-token.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf } from '../support/http.ts'
import { ask, bench, type ReadyTrack, readyTrack } from '../support/tracks.ts'
import { bytesOf, partsOf } from './parts.ts'

let { env: testEnv } = bench()
const FILE = 'aac-128.mp4'
const SIZE = 40_009

let owner: SignedIn
let track: ReadyTrack
let bytes: Uint8Array
let etag: string
let lastModified: string

type Headers_ = Record<string, string>
const outcomes = ['a miss', 'a hit'] as const

function url(of = track): string {
  const grant = {
    trackId: of.trackId,
    accountId: owner.accountId,
    tier: 'free',
    ceiling: 'lossless' as const,
  }
  const token = signMediaToken(settingsOf(env), { ...grant, expiresAt: Date.now() + 60_000 })
  return `/media/${token}/${of.trackId}/${FILE}`
}
const get = (headers: Headers_ = {}, method = 'GET') => ask(testEnv, method, url(), { headers })

async function newTrack(): Promise<void> {
  track = await readyTrack(owner, {}, { seed: Math.floor(Math.random() * 2 ** 30) })
  bytes = track.files[FILE] ?? new Uint8Array()
  const head = await get({}, 'HEAD')
  etag = head.headers.get('etag') ?? ''
  lastModified = head.headers.get('last-modified') ?? ''
}

const cacheKey = () =>
  `https://objects.segue.internal/renditions/${track.trackId}/${track.sourceHash}/p1/${FILE}?etag=${encodeURIComponent(etag)}`

/** Asks until the whole file lies in the cache; from then on the bucket is out of reach. */
async function warmUp(): Promise<void> {
  await (await get({ range: 'bytes=0-0' })).arrayBuffer()
  await vi.waitFor(async () => expect((await caches.default.match(cacheKey()))?.status).toBe(200))
  testEnv = bench({
    MEDIA: new Proxy(env.MEDIA, { get: () => () => Promise.reject(new Error('no bucket')) }),
  }).env
}

beforeAll(async () => {
  owner = await signIn({ role: 'artist' })
})

describe.each(outcomes)('on %s', (outcome) => {
  beforeAll(async () => {
    await newTrack()
    if (outcome === 'a hit') return warmUp()
    // What is asked for is not kept, so that each case finds it missing.
    vi.spyOn(caches.default, 'put').mockImplementation(async (_, response) => response.body?.cancel())
  })
  afterAll(() => vi.restoreAllMocks())

  const single: [string, number, number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    ['bytes=100-', 100, SIZE - 1],
    ['bytes=-1', SIZE - 1, SIZE - 1],
    ['bytes=-500', SIZE - 500, SIZE - 1],
    ['bytes=-99999999', 0, SIZE - 1],
    [`bytes=${SIZE - 1}-`, SIZE - 1, SIZE - 1],
    ['bytes=39000-99999999', 39_000, SIZE - 1],
    ['Bytes=5-9', 5, 9],
    ['bytes=0-9,5-20', 0, 20],
    ['bytes=10-19, 0-9', 0, 19],
    ['bytes=7-7, 99999999-', 7, 7],
  ]
  it.each(single)('%s is answered with exactly those bytes', async (range, start, end) => {
    const answer = await get({ range })
    expect(answer.status).toBe(206)
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end}/${SIZE}`)
    expect(answer.headers.get('content-length')).toBe(String(end - start + 1))
    expect(answer.headers.get('content-type')).toBe('audio/mp4')
    expect(answer.headers.get('etag')).toBe(etag)
    expect(await bytesOf(answer)).toEqual(bytes.slice(start, end + 1))
  })

  it.each(['bytes=', 'bytes=a-b', 'bytes=9-0', 'items=0-9', 'bytes 0-9', 'bytes=0-9;', 'bytes=--1', ''])(
    'a range that is none (%s) is answered with the whole',
    async (range) => {
      const answer = await get(range ? { range } : {})
      expect(answer.status).toBe(200)
      expect(answer.headers.get('accept-ranges')).toBe('bytes')
      expect(answer.headers.get('content-length')).toBe(String(SIZE))
      expect(await bytesOf(answer)).toEqual(bytes)
    },
  )

  it.each([`bytes=${SIZE}-`, 'bytes=99999999-', 'bytes=-0', 'bytes=99999-,-0'])(
    '%s lies outside',
    async (range) => {
      const answer = await get({ range })
      expect(answer.status).toBe(416)
      expect(answer.headers.get('content-range')).toBe(`bytes */${SIZE}`)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await codeOf(answer)).toBe('range_not_satisfiable')
    },
  )

  it('several ranges come as parts, in the order that was asked for', async () => {
    const wanted: [number, number][] = [
      [30_000, 30_099],
      [0, 9],
      [SIZE - 5, SIZE - 1],
    ]
    const answer = await get({ range: 'bytes=30000-30099,0-9,-5' })
    expect(answer.status).toBe(206)
    expect(answer.headers.get('content-range')).toBeNull()
    const length = answer.headers.get('content-length')
    const type = answer.headers.get('content-type') ?? ''
    const body = await bytesOf(answer)
    expect(String(body.length)).toBe(length)
    expect(partsOf(body, type)).toEqual(
      wanted.map(([start, end]) => ({
        type: 'audio/mp4',
        range: `bytes ${start}-${end}/${SIZE}`,
        bytes: bytes.slice(start, end + 1),
      })),
    )
  })

  it('HEAD tells of the whole, and sends nothing', async () => {
    for (const range of ['bytes=0-9', 'bytes=0-9,20-29', '']) {
      const answer = await get(range ? { range } : {}, 'HEAD')
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-length')).toBe(String(SIZE))
      expect(answer.headers.get('etag')).toBe(etag)
      expect(await answer.text()).toBe('')
    }
  })

  const early = 'Mon, 01 Jan 2001 00:00:00 GMT'
  const late = 'Fri, 01 Jan 2100 00:00:00 GMT'
  const conditions: [string, () => Headers_, number][] = [
    ['If-None-Match of what it is', () => ({ 'if-none-match': etag }), 304],
    ['a weak If-None-Match of what it is', () => ({ 'if-none-match': `W/${etag}` }), 304],
    ['If-None-Match among others', () => ({ 'if-none-match': `"x", ${etag}` }), 304],
    ['If-None-Match: *', () => ({ 'if-none-match': '*' }), 304],
    ['If-None-Match of something else', () => ({ 'if-none-match': '"x"' }), 200],
    [
      'If-None-Match over If-Modified-Since',
      () => ({ 'if-none-match': '"x"', 'if-modified-since': late }),
      200,
    ],
    ['If-Modified-Since its change', () => ({ 'if-modified-since': lastModified }), 304],
    ['If-Modified-Since long ago', () => ({ 'if-modified-since': early }), 200],
    ['If-Match of what it is', () => ({ 'if-match': etag }), 200],
    ['If-Match: *', () => ({ 'if-match': '*' }), 200],
    ['a weak If-Match', () => ({ 'if-match': `W/${etag}` }), 412],
    ['If-Match of something else', () => ({ 'if-match': '"x"' }), 412],
    ['If-Match before If-None-Match', () => ({ 'if-match': '"x"', 'if-none-match': etag }), 412],
    ['If-Unmodified-Since long ago', () => ({ 'if-unmodified-since': early }), 412],
    ['If-Unmodified-Since its change', () => ({ 'if-unmodified-since': lastModified }), 200],
    ['If-Range of what it is', () => ({ range: 'bytes=0-9', 'if-range': etag }), 206],
    ['If-Range of its very date', () => ({ range: 'bytes=0-9', 'if-range': lastModified }), 206],
    ['If-Range of something else', () => ({ range: 'bytes=0-9', 'if-range': '"x"' }), 200],
    ['a weak If-Range', () => ({ range: 'bytes=0-9', 'if-range': `W/${etag}` }), 200],
    ['If-Range of another date', () => ({ range: 'bytes=0-9', 'if-range': early }), 200],
    ['If-None-Match before a range', () => ({ range: 'bytes=0-9', 'if-none-match': etag }), 304],
    ['If-Match before a range outside', () => ({ range: 'bytes=99999999-', 'if-match': '"x"' }), 412],
    ['a range outside for another state', () => ({ range: 'bytes=99999999-', 'if-range': '"x"' }), 200],
  ]
  it.each(conditions)('%s', async (_, headers, status) => {
    for (const method of ['GET', 'HEAD']) {
      const expected = method === 'HEAD' && status === 206 ? 200 : status
      const answer = await get(headers(), method)
      expect(answer.status, method).toBe(expected)
      expect(answer.headers.get('etag')).toBe(etag)
      const body = await bytesOf(answer)
      if (expected === 304 || method === 'HEAD') expect(body.length).toBe(0)
      else if (expected === 206) expect(body).toEqual(bytes.slice(0, 10))
      else if (expected === 200) expect(body).toEqual(bytes)
    }
  })

  it('is what was asked', async () => {
    const kept = await caches.default.match(cacheKey())
    expect(kept?.status).toBe(outcome === 'a hit' ? 200 : undefined)
    await kept?.body?.cancel()
  })

  it('a bearer token streams the same bytes as the address', async () => {
    const path = `/v1/tracks/${track.trackId}/stream?quality=normal`
    const answer = await ask(testEnv, 'GET', path, { headers: { ...owner.headers, range: 'bytes=5-14' } })
    expect(answer.status).toBe(206)
    expect(await bytesOf(answer)).toEqual(bytes.slice(5, 15))
  })
})

describe('a validator', () => {
  it('is strong, and another one for other bytes', async () => {
    testEnv = bench().env
    await newTrack()
    const first = etag
    expect(first).toMatch(/^"[0-9a-f]{32}"$/)
    await newTrack()
    expect(etag).not.toBe(first)
  })
})
