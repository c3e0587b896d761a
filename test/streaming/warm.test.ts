import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type EdgeObject, serveFromEdge } from '../../src/platform/edge.ts'
import { settingsOf } from '../../src/platform/env.ts'
import { snapshotOf } from '../../src/platform/snapshot.ts'
import { signMediaToken } from '../../src/streaming/media-token.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { suspend } from '../support/auth.ts'
import { codeOf } from '../support/http.ts'
import { ask, bench, patternBytes, type ReadyTrack, readyTrack } from '../support/tracks.ts'
import { bytesOf } from './parts.ts'

let owner: SignedIn

beforeAll(async () => {
  owner = await signIn({ role: 'artist' })
})
afterEach(() => {
  vi.useRealTimers()
})

function urlOf(track: ReadyTrack, file: string, account = owner): string {
  const grant = { trackId: track.trackId, accountId: account.accountId, tier: 'free' }
  const expiresAt = Date.now() + 3600_000
  const token = signMediaToken(settingsOf(env), { ...grant, ceiling: 'lossless', expiresAt })
  return `/media/${token}/${track.trackId}/${file}`
}

/** The real bucket with a note of every read: the range, or `whole`. */
function watchedBucket() {
  const reads: string[] = []
  const bucket = new Proxy(env.MEDIA, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        if (name === 'get') reads.push(JSON.stringify(args[1] ?? {}).includes('range') ? 'range' : 'whole')
        return method.apply(target, args)
      }
    },
  })
  return { bucket, reads }
}

const outOfReach = <T extends object>(binding: T) =>
  new Proxy(binding, {
    get: (_, name) => {
      throw new Error(`${String(name)} was asked for`)
    },
  })

async function answerOf(testEnv: Env, url: string, headers: Record<string, string> = {}) {
  const answer = await ask(testEnv, 'GET', url, { headers })
  return { status: answer.status, bytes: await bytesOf(answer) }
}

describe('a play that is warm', () => {
  it('asks neither the database nor the bucket, from the playlist to the last byte', async () => {
    const track = await readyTrack(owner)
    const url = urlOf(track, 'master.m3u8')
    const files = ['master.m3u8', 'aac-128.m3u8', 'aac-128.mp4', 'aac-64.mp4']
    for (const file of files) await answerOf(bench().env, url.replace('master.m3u8', file))
    await scheduler.wait(100)
    const { env: warm } = bench({ DB: outOfReach(env.DB), MEDIA: outOfReach(env.MEDIA) })
    for (const file of files) {
      const address = url.replace('master.m3u8', file)
      expect((await answerOf(warm, address)).status, file).toBe(200)
      if (!file.endsWith('.mp4')) continue
      const ranged = await answerOf(warm, address, { range: 'bytes=1000-1999' })
      expect(ranged.bytes).toEqual(track.files[file]?.slice(1000, 2000))
    }
    const playback = await ask(warm, 'GET', `/v1/tracks/${track.trackId}/playback`, {
      headers: owner.headers,
    })
    expect(playback.status).toBe(200)
  })
})

describe('a file that is not in the cache', () => {
  it('is copied into it once, however many listeners come at the same time', async () => {
    const track = await readyTrack(owner)
    const { bucket, reads } = watchedBucket()
    const { env: watched } = bench({ MEDIA: bucket })
    const url = urlOf(track, 'aac-256.mp4')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        answerOf(watched, url, { range: `bytes=${i * 100}-${i * 100 + 99}` }),
      ),
    )
    for (const [i, { status, bytes }] of answers.entries()) {
      expect(status).toBe(206)
      expect(bytes).toEqual(track.files['aac-256.mp4']?.slice(i * 100, i * 100 + 100))
    }
    await scheduler.wait(100)
    expect(reads.filter((read) => read === 'range')).toHaveLength(20)
    expect(reads.filter((read) => read === 'whole')).toHaveLength(1)
    await answerOf(watched, url)
    expect(reads).toHaveLength(21)
  })

  it.each([
    [256 * 1024 ** 2, 1],
    [256 * 1024 ** 2 + 1, 0],
  ])('of %i bytes is copied %i times', async (bytes, copies) => {
    const key = crypto.randomUUID()
    const { bucket, reads } = watchedBucket()
    const stored = await env.MEDIA.put(key, patternBytes(1_000, 3))
    const object: EdgeObject = {
      key,
      bytes,
      etag: stored?.httpEtag ?? '',
      lastModified: new Date(0),
      mimeType: 'audio/mp4',
    }
    const context = createExecutionContext()
    const deps = {
      bucket,
      cache: caches.default,
      waitUntil: (promise: Promise<unknown>) => context.waitUntil(promise),
    }
    const request = new Request('https://segue.test/x', { headers: { range: 'bytes=0-9' } })
    const { response } = await serveFromEdge(deps, request, object, {})
    expect(await bytesOf(response)).toEqual(patternBytes(10, 3))
    await waitOnExecutionContext(context)
    expect(reads.filter((read) => read === 'whole')).toHaveLength(copies)
  })

  it('nor in the bucket is answered with 503, and so is one that has changed under its tag', async () => {
    const track = await readyTrack(owner)
    const key = `renditions/${track.trackId}/${track.sourceHash}/p1/`
    await env.MEDIA.delete(`${key}aac-64.mp4`)
    await env.MEDIA.put(`${key}aac-128.mp4`, patternBytes(40_009, 5_555))
    for (const file of ['aac-64.mp4', 'aac-128.mp4']) {
      const answer = await ask(bench().env, 'GET', urlOf(track, file))
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('15')
      expect(await codeOf(answer)).toBe('unavailable')
    }
  })

  it('and goes away between two ranges of one answer breaks the answer off', async () => {
    const track = await readyTrack(owner)
    let asked = 0
    const leaving = new Proxy(env.MEDIA, {
      get: (target, name) =>
        name === 'get'
          ? (...args: [string, R2GetOptions]) => (asked++ === 0 ? target.get(...args) : null)
          : Reflect.get(target, name),
    })
    const answer = await ask(bench({ MEDIA: leaving }).env, 'GET', urlOf(track, 'flac.mp4'), {
      headers: { range: 'bytes=0-9,100-109' },
    })
    expect(answer.status).toBe(206)
    const outcome = await Promise.race([
      answer.arrayBuffer().then(
        () => 'whole',
        () => 'broken off',
      ),
      scheduler.wait(2_000).then(() => 'hanging'),
    ])
    expect(outcome).toBe('broken off')
  })
})

describe('within thirty seconds', () => {
  const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

  it('a deleted track stops playing, also where everything of it is cached', async () => {
    const track = await readyTrack(owner)
    const { env: testEnv } = bench()
    const url = urlOf(track, 'aac-64.mp4')
    expect((await answerOf(testEnv, url)).status).toBe(200)
    await scheduler.wait(50)
    await ask(testEnv, 'DELETE', `/v1/tracks/${track.trackId}`, { headers: owner.headers })
    vi.useFakeTimers({ toFake: ['Date'] })
    later(30_000)
    for (const file of ['aac-64.mp4', 'aac-64.m3u8', 'master.m3u8', 'preview.mp4']) {
      const answer = await ask(testEnv, 'GET', url.replace('aac-64.mp4', file))
      expect(answer.status, file).toBe(404)
      await answer.body?.cancel()
    }
  })

  it('a suspended listener hears nothing more, and others go on', async () => {
    const [listener, other] = [await signIn(), await signIn()]
    const track = await readyTrack(owner)
    const { env: testEnv } = bench()
    const url = urlOf(track, 'aac-64.mp4', listener)
    vi.useFakeTimers({ toFake: ['Date'] })
    later(60_000)
    expect((await answerOf(testEnv, url)).status).toBe(200)
    await suspend(listener.accountId)
    later(30_000)
    const answer = await ask(testEnv, 'GET', url)
    expect(answer.status).toBe(403)
    expect(await codeOf(answer)).toBe('account_suspended')
    for (const path of ['playback', 'stream']) {
      const refused = await ask(testEnv, 'GET', `/v1/tracks/${track.trackId}/${path}`, {
        headers: listener.headers,
      })
      expect(refused.status).toBe(403)
    }
    expect((await answerOf(testEnv, urlOf(track, 'aac-64.mp4', other))).status).toBe(200)
  })
})

describe('a snapshot', () => {
  const depsOf = (load: () => Promise<number>) => {
    const context = createExecutionContext()
    return { cache: caches.default, waitUntil: context.waitUntil.bind(context), load, context }
  }
  const numbers = (kind: string) => snapshotOf(kind, 15_000, (value) => Number(value))

  it('is at most fifteen seconds old in total, whether memory or the cache kept it', async () => {
    const kind = crypto.randomUUID()
    let value = 1
    const deps = depsOf(async () => value)
    const [here, there] = [numbers(kind), numbers(kind)]
    const start = Date.now()
    expect(await here.get(deps, 'x', start)).toBe(1)
    await waitOnExecutionContext(deps.context)
    value = 2
    expect(await here.get(deps, 'x', start + 14_999)).toBe(1)
    expect(await there.get(deps, 'x', start + 14_000)).toBe(1)
    expect(await there.get(deps, 'x', start + 15_000)).toBe(2)
    expect(await here.get(deps, 'x', start + 15_000)).toBe(2)
  })

  it('of one name is not another’s, and a failure is not kept', async () => {
    const snapshot = numbers(crypto.randomUUID())
    const failing = depsOf(() => Promise.reject(new Error('away')))
    await expect(snapshot.get(failing, 'x', 0)).rejects.toThrow('away')
    expect(
      await snapshot.get(
        depsOf(async () => 1),
        'x',
        0,
      ),
    ).toBe(1)
    expect(
      await snapshot.get(
        depsOf(async () => 2),
        'x/../y',
        0,
      ),
    ).toBe(2)
  })
})
