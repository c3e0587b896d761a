import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { takeDue } from '../../src/catalog/processing.ts'
import { openDb } from '../../src/platform/db.ts'
import { SOURCE_FORMATS } from '../../src/transcoding/protocol.ts'
import { sweep } from '../../workers/cron.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import {
  ask,
  type Bench,
  bench,
  deliver,
  finishTrack,
  outputsOf,
  postEvent,
  type SeededTrack,
  type Sent,
  seedTrack,
  storeOutputs,
} from '../support/tracks.ts'
import { beforeFirstUpdate, fakeTranscoder, handleOf, objectsUnder, processingOf } from './fake-transcoder.ts'

let owner: SignedIn
let around: Bench
let transcoder: ReturnType<typeof fakeTranscoder>

beforeEach(async () => {
  owner = await signIn({ role: 'artist' })
  around = bench()
  transcoder = fakeTranscoder()
})
afterEach(() => vi.restoreAllMocks())

const messageOf = ({ trackId, ticket }: Pick<SeededTrack, 'trackId' | 'ticket'>) => ({
  kind: 'transcode',
  trackId,
  ticket,
})
const start = (track: SeededTrack) => deliver(around.env, 'segue-jobs', [messageOf(track)])

const trackOf = (sent: Sent) => z.object({ trackId: z.string() }).parse(sent.body).trackId

/** Hands on the newest message for a track, and returns its delay. */
async function handOn({ trackId }: { trackId: string }): Promise<number | undefined> {
  const sent = around.jobs.splice(0).findLast((one) => trackOf(one) === trackId)
  if (!sent) throw new Error('no message was sent')
  await deliver(around.env, 'segue-jobs', [sent.body])
  return sent.delaySeconds
}

async function shown(trackId: string) {
  const response = await ask(around.env, 'GET', `/v1/tracks/${trackId}`, { headers: owner.headers })
  return response.json<{ status: string; processing: { failure: unknown; failedAttempts: number } }>()
}

describe('a queued track', () => {
  it('is handed to the transcoder with addresses and a token that fetch its original', async () => {
    const track = await seedTrack(owner)
    expect((await start(track)).explicitAcks).toHaveLength(1)
    const [job] = transcoder.jobs
    expect(job).toMatchObject({
      trackId: track.trackId,
      attempt: 1,
      sourceHash: track.sourceHash,
      profile: 'p1',
    })
    expect(SOURCE_FORMATS).toContain(job?.format)
    const input = await ask(around.env, 'GET', new URL(job?.inputUrl ?? '').pathname, {
      headers: { authorization: `Bearer ${job?.token}` },
    })
    expect(await input.text()).toBe(`original ${track.sourceHash}`)
    expect((await shown(track.trackId)).status).toBe('processing')
  })

  it('is given out once, however often its message comes', async () => {
    const track = await seedTrack(owner)
    await Promise.all([start(track), start(track), start(track)])
    await start(track)
    expect(transcoder.jobs).toHaveLength(1)
    expect(await processingOf(track.trackId)).toMatchObject({ state: 'running', attempt: 1, failures: 0 })
  })

  it('is not moved by a message that a newer one has replaced', async () => {
    const track = await seedTrack(owner)
    for (const ticket of [track.ticket - 1, track.ticket + 1, 0])
      expect((await start({ ...track, ticket })).explicitAcks).toHaveLength(1)
    await deliver(around.env, 'segue-jobs', [messageOf({ trackId: 'track_gone', ticket: 1 })])
    expect(transcoder.jobs).toHaveLength(0)
  })

  it('waits for a busy transcoder a hundred rounds without a failure, and is made in the end', async () => {
    const track = await seedTrack(owner)
    transcoder.answer = 429
    await start(track)
    for (let round = 0; round < 100; round++) {
      transcoder.answer = round % 3 === 0 ? 'down' : round % 3 === 1 ? 503 : 429
      expect(await handOn(track)).toBeGreaterThanOrEqual(10)
    }
    expect(await processingOf(track.trackId)).toMatchObject({
      state: 'queued',
      failures: 0,
      failure_code: null,
    })
    expect((await shown(track.trackId)).status).toBe('queued')
    await finishTrack(track)
    expect((await shown(track.trackId)).status).toBe('ready')
  })

  it('whose outputs stand already is ready without the transcoder', async () => {
    const track = await seedTrack(owner)
    await storeOutputs(`renditions/${track.trackId}/${track.sourceHash}/p1/`, outputsOf(track))
    await start(track)
    expect(transcoder.jobs).toHaveLength(0)
    expect((await shown(track.trackId)).status).toBe('ready')
  })
})

describe('an attempt that fails', () => {
  const fault = {
    type: 'failed',
    code: 'source_unavailable',
    detail: 'The network broke.',
    isRetryable: true,
  } as const

  it('is tried again after 2, 4, 8 and 16 seconds, and the fifth failure is the last', async () => {
    const track = await seedTrack(owner)
    await start(track)
    const delays: (number | undefined)[] = []
    for (let failure = 1; failure < 5; failure++) {
      await postEvent(around.env, handleOf(transcoder), fault)
      expect(await shown(track.trackId)).toMatchObject({
        status: 'queued',
        processing: { failure: { code: 'source_unavailable', detail: 'The network broke.' } },
      })
      delays.push(await handOn(track))
    }
    expect(delays).toEqual([2, 4, 8, 16])
    await postEvent(around.env, handleOf(transcoder), fault)
    expect(around.jobs.map(trackOf)).not.toContain(track.trackId)
    expect(await shown(track.trackId)).toMatchObject({
      status: 'failed',
      processing: {
        failedAttempts: 5,
        failure: { code: 'source_unavailable', detail: 'The network broke.' },
      },
    })
  })

  it('for good ends the track at once, with its words, and leaves no file', async () => {
    const track = await seedTrack(owner)
    await start(track)
    const job = handleOf(transcoder)
    await storeOutputs(job.prefix, outputsOf(track))
    const failure = { code: 'too_damaged', detail: 'Of 234 s only 12 s decode.' } as const
    await postEvent(around.env, job, { type: 'failed', ...failure, isRetryable: false })
    expect(await shown(track.trackId)).toMatchObject({ status: 'failed', processing: { failure } })
    expect(await objectsUnder(job.prefix)).toEqual([])
    expect(around.jobs.map(trackOf)).not.toContain(track.trackId)
    expect(around.events).toMatchObject([
      { body: { type: 'track.failed', payload: { code: 'too_damaged' } } },
    ])
    expect((await postEvent(around.env, job, { type: 'done' })).status).toBe(410)
  })

  it('lets the one that has waited longest have the slot', async () => {
    const [first, second] = [await seedTrack(owner), await seedTrack(owner)]
    await env.DB.prepare(
      `update processing set queued_at = 1 where track_pk = (select pk from tracks where id = ?)`,
    )
      .bind(second.trackId)
      .run()
    await start(first)
    await postEvent(around.env, handleOf(transcoder), { ...fault, isRetryable: false })
    expect(around.jobs).toMatchObject([{ body: { trackId: second.trackId } }])
    await handOn(second)
    expect(handleOf(transcoder).trackId).toBe(second.trackId)
    await start(second)
    expect(transcoder.jobs).toHaveLength(2)
  })
})

describe('the sweep', () => {
  const due = (after: number) => Date.now() + after

  it('sends again what the queue forgot, and the forgotten message does nothing when it comes after all', async () => {
    const track = await seedTrack(owner)
    await sweep(around.env, due(30_000))
    expect(around.jobs.map(trackOf)).not.toContain(track.trackId)
    await sweep(around.env, due(61_000))
    await start(track)
    expect(transcoder.jobs).toHaveLength(0)
    await handOn(track)
    expect(transcoder.jobs).toHaveLength(1)
  })

  it('takes a job that has gone silent for dead, and a file that kills the transcoder each time fails', async () => {
    const track = await seedTrack(owner)
    await start(track)
    for (let death = 1; death < 5; death++) {
      await sweep(around.env, due(70_000 * death))
      await handOn(track)
      expect(transcoder.jobs).toHaveLength(death + 1)
      expect(await processingOf(track.trackId)).toMatchObject({ failures: death, attempt: death + 1 })
    }
    await sweep(around.env, due(70_000 * 6))
    await handOn(track)
    expect(transcoder.jobs).toHaveLength(5)
    expect(await shown(track.trackId)).toMatchObject({
      status: 'failed',
      processing: { failure: { code: 'transcoder_error' } },
    })
  })

  it('leaves a job alone that still tells of itself', async () => {
    const track = await seedTrack(owner)
    await start(track)
    await sweep(around.env, due(61_000))
    const progress = { type: 'progress', stage: 'encode', percent: 50 } as const
    expect((await postEvent(around.env, handleOf(transcoder), progress)).status).toBe(204)
    await handOn(track)
    expect(transcoder.jobs).toHaveLength(1)
    expect(await processingOf(track.trackId)).toMatchObject({ attempt: 1, failures: 0 })
  })

  it('does not wake a job that ends while it looks', async () => {
    const track = await seedTrack(owner)
    await start(track)
    const job = handleOf(transcoder)
    const failed = { type: 'failed', code: 'no_audio', detail: '', isRetryable: false } as const
    const late = beforeFirstUpdate(() => postEvent(around.env, job, failed))
    const taken = await takeDue(openDb(late, 'first-primary').db, 100, due(61_000))
    expect(taken.map((one) => one.trackId)).not.toContain(track.trackId)
    expect(await processingOf(track.trackId)).toMatchObject({ state: 'failed', due_at: null })
  })

  it('sends at most fifty at once, those that have waited longest first', async () => {
    const tracks: SeededTrack[] = []
    for (let i = 0; i < 55; i++) tracks.push(await seedTrack(owner))
    await env.DB.prepare('update processing set due_at = track_pk where due_at is not null').run()
    await sweep(around.env, Date.now())
    expect(around.jobs).toHaveLength(50)
    await sweep(around.env, Date.now())
    const sent = new Set(around.jobs.map(trackOf))
    for (const track of tracks) expect(sent).toContain(track.trackId)
  })
})
