import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settingsOf } from '../../src/platform/env.ts'
import { signCapability } from '../../src/platform/tokens.ts'
import { signMediaToken } from '../../src/streaming/media-token.ts'
import { jobRoutes } from '../../src/transcoding/routes.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf } from '../support/http.ts'
import {
  ask,
  type Bench,
  bench,
  claimJob,
  deliver,
  deliverEvents,
  type JobHandle,
  type Outputs,
  outputsOf,
  patternBytes,
  postEvent,
  putOutput,
  type SeededTrack,
  seedTrack,
  storeOutputs,
} from '../support/tracks.ts'
import { fakeTranscoder, objectsUnder, processingOf } from './fake-transcoder.ts'

let owner: SignedIn
let around: Bench
let track: SeededTrack
let job: JobHandle

beforeEach(async () => {
  owner = await signIn({ role: 'artist' })
  around = bench()
  track = await seedTrack(owner)
  job = await claimJob(track.trackId)
})
afterEach(() => vi.restoreAllMocks())

const input = (token: string, trackId = track.trackId) =>
  ask(around.env, 'GET', `/internal/jobs/${trackId}/input`, { headers: { authorization: `Bearer ${token}` } })
const progress = { type: 'progress', stage: 'encode', percent: 50 } as const
const statusOf = async () => {
  const answer = await ask(around.env, 'GET', `/v1/tracks/${track.trackId}`, { headers: owner.headers })
  return answer.status === 200 ? (await answer.json<{ status: string }>()).status : answer.status
}

/** A body that comes in two halves: `finish` sends the second one. */
function slowBody(bytes: Uint8Array<ArrayBuffer>) {
  const { readable, writable } = new FixedLengthStream(bytes.length)
  const writer = writable.getWriter()
  const half = Math.floor(bytes.length / 2)
  const first = writer.write(bytes.subarray(0, half)).catch(() => undefined)
  return {
    readable,
    first,
    finish: () =>
      writer
        .write(bytes.subarray(half))
        .then(() => writer.close())
        .catch(() => undefined),
  }
}

/** Starts a PUT of which the first half has arrived. */
async function putSlowly(name: string, bytes: Uint8Array<ArrayBuffer>) {
  const body = slowBody(bytes)
  const answer = putOutput(around.env, job, name, body.readable, { 'content-length': String(bytes.length) })
  await body.first
  await scheduler.wait(20)
  return async () => {
    await body.finish()
    return answer
  }
}

describe('an output', () => {
  it('is stored under its track with its type, and makes the track ready with all the others', async () => {
    const { files, manifest } = outputsOf(track)
    for (const [name, bytes] of Object.entries(files))
      expect((await putOutput(around.env, job, name, bytes)).status).toBe(204)
    const text = Uint8Array.from(Buffer.from(JSON.stringify(manifest)))
    await putOutput(around.env, job, 'manifest.json', text)
    expect((await env.MEDIA.head(`${job.prefix}aac-128.mp4`))?.httpMetadata?.contentType).toBe('audio/mp4')
    expect((await env.MEDIA.head(`${job.prefix}cover-96.webp`))?.httpMetadata?.contentType).toBe('image/webp')
    expect((await postEvent(around.env, job, { type: 'done' })).status).toBe(204)
    expect(await statusOf()).toBe('ready')
    expect(around.events).toMatchObject([{ body: { type: 'track.ready' } }])
  })

  it.each(['track.mp4', '..%2Fmanifest.json', 'AAC-64.mp4', 'cover-97.webp', '%2e%2e', 'aac-64.mp4.exe'])(
    'of the name %s is refused',
    async (name) => {
      const answer = await putOutput(around.env, job, name, patternBytes(10, 1))
      expect([400, 404]).toContain(answer.status)
      expect(await objectsUnder(`renditions/${track.trackId}/`)).toEqual([])
    },
  )

  it.each([
    ['no length', {}],
    ['a length of nothing', { 'content-length': '0' }],
    ['a length that is no number', { 'content-length': 'many' }],
    ['five gibibytes', { 'content-length': String(5 * 1024 ** 3) }],
  ])('with %s is refused', async (_, headers: Record<string, string>) => {
    const answer = await putOutput(around.env, job, 'aac-64.mp4', patternBytes(10, 1), headers)
    expect(answer.status).toBe(400)
    expect(await codeOf(answer)).toBe('validation_failed')
  })
})

describe('a job’s token', () => {
  it('opens nothing when it is missing, forged, bent, expired, of another track or for another purpose', async () => {
    const settings = settingsOf(env)
    const claims = { t: track.trackId, a: 1, e: Date.now() + 60_000 }
    const other = await seedTrack(owner)
    const tokens = {
      missing: '',
      garbage: 'a.b',
      forged: `${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${'A'.repeat(43)}`,
      expired: signCapability(settings, 'job', { ...claims, e: Date.now() - 1 }),
      ofAnotherTrack: signCapability(settings, 'job', { ...claims, t: other.trackId }),
      ofAnotherPurpose: signCapability(settings, 'refresh', claims),
      media: signMediaToken(settings, {
        trackId: track.trackId,
        accountId: owner.accountId,
        tier: 'free',
        ceiling: 'lossless',
        expiresAt: Date.now() + 60_000,
      }),
      access: owner.accessToken,
    }
    for (const [kind, token] of Object.entries(tokens)) {
      for (const answer of [
        await input(token),
        await putOutput(around.env, { ...job, token }, 'aac-64.mp4', patternBytes(10, 1)),
        await postEvent(around.env, { ...job, token }, progress),
      ]) {
        expect(answer.status, kind).toBe(401)
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
      }
    }
    expect(await objectsUnder(`renditions/${track.trackId}/`)).toEqual([])
  })

  it('of the right job, with any one character changed, is another one', async () => {
    const { token } = job
    for (let at = 0; at < token.length; at++) {
      const bent = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect((await input(bent)).status, `${at} of ${token.length}`).toBe(401)
    }
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      if (last !== token.at(-1)) expect((await input(token.slice(0, -1) + last)).status, last).toBe(401)
  })

  it('of an older attempt is gone for input, outputs and events', async () => {
    const newer = await claimJob(track.trackId)
    for (const answer of [
      await input(job.token),
      await putOutput(around.env, job, 'aac-64.mp4', patternBytes(10, 1)),
      await postEvent(around.env, job, progress),
      await postEvent(around.env, job, { type: 'done' }),
    ]) {
      expect(answer.status).toBe(410)
      expect(await codeOf(answer)).toBe('gone')
    }
    expect((await input(newer.token)).status).toBe(200)
    expect(await objectsUnder(`renditions/${track.trackId}/`)).toEqual([])
  })

  it('serves the container’s intercepted requests too, which never pass through the app', async () => {
    const ofJob = (method: string, path: string) =>
      new Request(`http://jobs.segue.internal/internal/jobs/${track.trackId}/${path}`, {
        method,
        headers: { authorization: `Bearer ${job.token}` },
      })
    expect((await jobRoutes.fetch(ofJob('GET', 'input'), around.env)).status).toBe(200)
    const refused = await jobRoutes.fetch(ofJob('PUT', 'outputs/x'), around.env)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ requestId: expect.stringMatching(/^req_/) })
  })

  it('is of no use on the Worker’s own address where the transcoder is a container', async () => {
    const { env: production } = bench({ TRANSCODER_URL: '' })
    expect((await postEvent(production, job, progress)).status).toBe(404)
  })
})

describe('an event', () => {
  it.each([
    '{',
    '{}',
    '[]',
    '{"type":"progress","stage":"lunch","percent":1}',
    '{"type":"progress","stage":"fetch","percent":101}',
    '{"type":"failed","code":"x","detail":"","isRetryable":true}',
  ])('that says %s is refused, and changes nothing', async (body) => {
    const answer = await ask(around.env, 'POST', `/internal/jobs/${track.trackId}/events`, {
      headers: { authorization: `Bearer ${job.token}`, 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(400)
    expect(await codeOf(answer)).toBe('validation_failed')
    expect(await processingOf(track.trackId)).toMatchObject({ state: 'running', failures: 0 })
  })
})

describe('outputs that are not what their manifest says', () => {
  const cases: [string, (outputs: Outputs) => void][] = [
    ['of another track', ({ manifest }) => Object.assign(manifest, { trackId: 'track_other' })],
    ['of another source', ({ manifest }) => Object.assign(manifest, { sourceHash: '0'.repeat(64) })],
    ['without a rendition', ({ files }) => delete files['aac-256.mp4']],
    ['without a cover', ({ files }) => delete files['cover-320.jpg']],
    ['without a waveform', ({ files }) => delete files['waveform.dat']],
    ['with a rendition cut short', ({ files }) => Object.assign(files, { 'flac.mp4': patternBytes(7, 1) })],
    ['with a preview cut short', ({ files }) => Object.assign(files, { 'preview.mp4': patternBytes(7, 1) })],
    ['with a manifest of another shape', ({ manifest }) => Object.assign(manifest, { version: 2 })],
  ]
  it.each(cases)('%s make no track, and are made again', async (_, spoil) => {
    const outputs = outputsOf(track)
    spoil(outputs)
    await storeOutputs(job.prefix, outputs)
    expect((await postEvent(around.env, job, { type: 'done' })).status).toBe(204)
    expect(await statusOf()).toBe('queued')
    expect(await processingOf(track.trackId)).toMatchObject({ failures: 1, failure_code: 'transcoder_error' })
    const transcoder = fakeTranscoder()
    const { due_at: ticket } = await processingOf(track.trackId)
    await deliver(around.env, 'segue-jobs', [{ kind: 'transcode', trackId: track.trackId, ticket }])
    expect(transcoder.jobs).toHaveLength(1)
  })
})

describe('bytes that are still coming in', () => {
  it('when the track is deleted leave no object', async () => {
    const finish = await putSlowly('aac-128.mp4', patternBytes(40_000, 1))
    await ask(around.env, 'DELETE', `/v1/tracks/${track.trackId}`, { headers: owner.headers })
    await expect.poll(() => around.events.length).toBe(1)
    await deliverEvents(around)
    expect((await finish()).status).toBe(410)
    expect(await objectsUnder(`renditions/${track.trackId}/`)).toEqual([])
  })

  it('when the job has failed leave no object', async () => {
    const finish = await putSlowly('aac-128.mp4', patternBytes(40_000, 1))
    await postEvent(around.env, job, { type: 'failed', code: 'no_audio', detail: '', isRetryable: false })
    expect((await finish()).status).toBe(410)
    expect(await objectsUnder(`renditions/${track.trackId}/`)).toEqual([])
  })

  it('of an attempt that was given up take nothing from the one that finished', async () => {
    const finish = await putSlowly('aac-128.mp4', patternBytes(40_009, 77))
    const newer = await claimJob(track.trackId)
    const outputs = outputsOf(track)
    await storeOutputs(newer.prefix, outputs)
    await postEvent(around.env, newer, { type: 'done' })
    expect((await finish()).status).toBe(410)
    const stored = await env.MEDIA.get(`${newer.prefix}aac-128.mp4`)
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(
      outputs.files['aac-128.mp4'],
    )
  })

  it('twice, because the first answer was lost, count once', async () => {
    const bytes = patternBytes(40_009, 77)
    expect((await putOutput(around.env, job, 'aac-128.mp4', bytes)).status).toBe(204)
    expect((await putOutput(around.env, job, 'aac-128.mp4', bytes)).status).toBe(204)
    expect(await objectsUnder(job.prefix)).toEqual(['aac-128.mp4'])
  })
})
