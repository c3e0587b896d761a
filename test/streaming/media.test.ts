import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { settingsOf } from '../../src/platform/env.ts'
import { signCapability, type Tier } from '../../src/platform/tokens.ts'
import { mediaExpiry, signMediaToken } from '../../src/streaming/media-token.ts'
import type { playbackSchema } from '../../src/streaming/representations.ts'
import { signJobToken } from '../../src/transcoding/token.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf, ORIGIN, send } from '../support/http.ts'
import { ask, bench, type ReadyTrack, readyTrack, seedTrack } from '../support/tracks.ts'

type Playback = z.infer<typeof playbackSchema>

let owner: SignedIn
let track: ReadyTrack
const { env: testEnv } = bench()

beforeAll(async () => {
  owner = await signIn({ role: 'artist' })
  track = await readyTrack(owner, { album: crypto.randomUUID() })
})

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask(testEnv, method, url.replace(ORIGIN, ''), { headers })

async function playbackOf(account: SignedIn, trackId = track.trackId): Promise<Playback> {
  const answer = await send('GET', `/v1/tracks/${trackId}/playback`, { headers: account.headers })
  expect(answer.status).toBe(200)
  return answer.json<Playback>()
}

const grantOf = (account: SignedIn) => ({
  trackId: track.trackId,
  accountId: account.accountId,
  tier: 'free',
  ceiling: 'lossless' as const,
  expiresAt: Date.now() + 60_000,
})

describe('playback', () => {
  it('answers everything that a player needs, at addresses that need no header', async () => {
    const playback = await playbackOf(await signIn({ tier: 'premium' }))
    expect(playback).toMatchObject({
      trackId: track.trackId,
      durationMs: 12_388,
      loudness: { integratedLufs: -14.2, rangeLu: 5.5, truePeakDbtp: -1.1, trackGainDb: -3.8 },
      waveform: { points: 500 },
      preview: { startMs: 3_000, durationMs: 9_000 },
    })
    expect(playback.loudness).not.toHaveProperty('histogram')
    expect(playback.loudness.albumGainDb).toBeTypeOf('number')
    expect(playback.renditions.map(({ quality, codec, bytes }) => [quality, codec, bytes])).toEqual([
      ['low', 'mp4a.40.2', 20_011],
      ['normal', 'mp4a.40.2', 40_009],
      ['high', 'mp4a.40.2', 60_013],
      ['lossless', 'fLaC', 90_001],
    ])
    expect(playback.covers.map(({ widthPx, mimeType }) => [widthPx, mimeType])).toEqual([
      [96, 'image/webp'],
      [96, 'image/jpeg'],
      [320, 'image/webp'],
      [320, 'image/jpeg'],
    ])
    const files: [string, string][] = [
      ...playback.renditions.map(({ url, mimeType }): [string, string] => [url, mimeType]),
      ...playback.covers.map(({ url, mimeType }): [string, string] => [url, mimeType]),
      [playback.preview.url, 'audio/mp4'],
      [playback.waveform.url, 'application/octet-stream'],
      [playback.waveform.jsonUrl, 'application/json'],
      [playback.hls.url, 'application/vnd.apple.mpegurl'],
    ]
    for (const [url, mimeType] of files) {
      const answer = await get(url)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe(mimeType)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(answer.headers.get('cache-control')).toMatch(/^private/)
      const body = new Uint8Array(await answer.arrayBuffer())
      const stored = track.files[url.slice(url.lastIndexOf('/') + 1)]
      if (stored) expect(body).toEqual(stored)
    }
  })

  it('expires after six hours, or three times the length of a long track', async () => {
    expect(mediaExpiry(60_000, 1_000)).toBe(6 * 3600_000 + 1_000)
    expect(mediaExpiry(3 * 3600_000, 1_000)).toBe(9 * 3600_000 + 1_000)
    const { expiresAt } = await playbackOf(owner)
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 6 * 3600_000)).toBeLessThan(60_000)
  })

  it('has nothing of a track that is not ready, and needs a signed-in listener', async () => {
    const waiting = await seedTrack(owner)
    const path = `/v1/tracks/${waiting.trackId}/playback`
    expect((await send('GET', path, { headers: owner.headers })).status).toBe(404)
    expect((await send('GET', `/v1/tracks/${track.trackId}/playback`)).status).toBe(401)
  })

  it('never shows the manifest', async () => {
    const { hls } = await playbackOf(await signIn({ tier: 'premium' }))
    for (const file of [
      'manifest.json',
      'manifest.m3u8',
      'aac-96.mp4',
      'aac-512.m3u8',
      'x',
      '..%2Fmanifest.json',
    ])
      expect((await get(hls.url.replace('master.m3u8', file))).status, file).toBe(404)
  })
})

describe('a media token', () => {
  it('that is forged, expired, of another track or for another purpose gives no byte of audio', async () => {
    const settings = settingsOf(env)
    const grant = grantOf(owner)
    const other = await readyTrack(owner)
    const claims = { t: track.trackId, a: owner.accountId, r: 'free', q: 'lossless', e: Date.now() + 60_000 }
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const tokens: Record<string, [string, number]> = {
      forged: [`${body}.${'A'.repeat(43)}`, 401],
      unsigned: [body, 401],
      'with an empty signature': [`${body}.`, 401],
      expired: [signMediaToken(settings, { ...grant, expiresAt: Date.now() - 1 }), 401],
      'of another track': [signMediaToken(settings, { ...grant, trackId: other.trackId }), 403],
      'of a job': [signJobToken(settings, { trackId: track.trackId, attempt: 1 }, Date.now()), 401],
      'of a refresh': [signCapability(settings, 'refresh', claims), 401],
      'of an account': [owner.accessToken, 401],
    }
    for (const [kind, [token, status]] of Object.entries(tokens)) {
      for (const file of ['master.m3u8', 'aac-128.m3u8', 'aac-64.mp4', 'preview.mp4', 'cover-96.jpg']) {
        for (const range of ['bytes=0-9', '']) {
          const path = `/media/${token}/${track.trackId}/${file}`
          const answer = await get(path, range ? { range } : {})
          expect(answer.status, `${kind} ${file}`).toBe(status)
          expect(answer.headers.get('content-type')).toBe('application/problem+json')
          expect((await answer.text()).length).toBeLessThan(500)
        }
      }
    }
  })

  it('with any one character changed is no token', async () => {
    const token = signMediaToken(settingsOf(env), grantOf(owner))
    const path = (changed: string) => `/media/${changed}/${track.trackId}/aac-64.mp4`
    expect((await get(path(token), {}, 'HEAD')).status).toBe(200)
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'b' ? 'c' : 'b') + token.slice(at + 1)
      expect((await get(path(changed), {}, 'HEAD')).status, String(at)).toBe(401)
    }
  })
})

describe('quality', () => {
  const ladder = ['aac-64', 'aac-128', 'aac-256', 'flac']
  it.each([
    ['free', ['aac-64', 'aac-128']],
    ['premium', ladder],
    ['family', ladder],
    ['student', ladder],
  ] as [Tier, string[]][])(
    'of the plan %s ends where the plan does, at every door',
    async (tier, allowed) => {
      const playback = await playbackOf(await signIn({ tier }))
      expect(playback.renditions).toHaveLength(allowed.length)
      const master = await (await get(playback.hls.url)).text()
      expect(master.match(/^[^#].*\.m3u8$/gm)?.toSorted()).toEqual(
        allowed.map((name) => `${name}.m3u8`).toSorted(),
      )
      for (const name of ladder) {
        for (const extension of ['m3u8', 'mp4']) {
          const answer = await get(playback.hls.url.replace('master.m3u8', `${name}.${extension}`))
          const isAllowed = allowed.includes(name)
          expect(answer.status, `${name}.${extension}`).toBe(isAllowed ? 200 : 403)
          if (!isAllowed) expect(await codeOf(answer)).toBe('quality_not_allowed')
        }
      }
    },
  )

  it('of a stream is the asked one or the next below it that the plan and the track have', async () => {
    const lossy = await readyTrack(owner, {}, { isLossless: false })
    const [free, premium] = [await signIn({ tier: 'free' }), await signIn({ tier: 'premium' })]
    const cases: [SignedIn, string, string, number][] = [
      [free, track.trackId, '?quality=lossless', 40_009],
      [free, track.trackId, '', 40_009],
      [free, track.trackId, '?quality=low', 20_011],
      [premium, track.trackId, '', 60_013],
      [premium, track.trackId, '?quality=lossless', 90_001],
      [premium, lossy.trackId, '?quality=lossless', 60_013],
    ]
    for (const [account, trackId, query, bytes] of cases) {
      const answer = await get(`/v1/tracks/${trackId}/stream${query}`, account.headers, 'HEAD')
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-length'), query).toBe(String(bytes))
    }
  })
})

describe('a playlist', () => {
  it('keeps its address relative, its tag strong, and answers conditions but no ranges', async () => {
    const { hls } = await playbackOf(owner)
    const whole = await get(hls.url)
    const text = await whole.text()
    expect(text).not.toContain('/')
    const etag = whole.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
    expect((await get(hls.url, { range: 'bytes=0-3' })).status).toBe(200)
    expect((await get(hls.url, { 'if-none-match': etag })).status).toBe(304)
    const head = await get(hls.url, {}, 'HEAD')
    expect(head.headers.get('content-length')).toBe(String(text.length))
    expect(await head.text()).toBe('')
    const failed = await get(hls.url, { 'if-match': '"x"' })
    expect(failed.status).toBe(412)
    expect(await codeOf(failed)).toBe('precondition_failed')
  })
})

describe('from another site', () => {
  it('a player may read media, its length and its ranges', async () => {
    const { hls } = await playbackOf(owner)
    const preflight = await get(
      hls.url,
      {
        origin: 'https://elsewhere.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'range',
      },
      'OPTIONS',
    )
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('range')
    const url = hls.url.replace('master.m3u8', 'aac-64.mp4')
    for (const range of ['bytes=0-9', 'bytes=99999999-']) {
      const answer = await get(url, { origin: 'https://elsewhere.example', range })
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toContain('Content-Range')
      expect(answer.headers.get('content-range')).toMatch(/^bytes .*\/20011$/)
      await answer.body?.cancel()
    }
    const refused = await get(url.replace(/media\/./, 'media/-'), { origin: 'https://elsewhere.example' })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })
})
