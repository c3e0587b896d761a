import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/platform/db.ts'
import { pruneOutbox, recordEvent, sendOutbox } from '../../src/platform/outbox.ts'
import { sweep } from '../../workers/cron.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { ask, type Bench, bench, claimJob, deliver, seedTrack } from '../support/tracks.ts'
import { processingOf } from './fake-transcoder.ts'

let owner: SignedIn
let around: Bench

beforeEach(async () => {
  owner = await signIn({ role: 'artist' })
  around = bench()
  // What is buried is also logged.
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
})
afterEach(() => vi.restoreAllMocks())

const DAY_MS = 24 * 3600 * 1000
const primary = () => openDb(env.DB, 'first-primary').db

async function deadLetters(): Promise<{ queue: string; body: string }[]> {
  const admin = await signIn({ role: 'admin' })
  const answer = await ask(around.env, 'GET', '/v1/admin/dead-letters?limit=200', { headers: admin.headers })
  return (await answer.json<{ items: { queue: string; body: string }[] }>()).items
}

const circular: Record<string, unknown> = {}
circular.self = circular

describe('a message that nobody can make sense of', () => {
  const poison: [string, string, unknown][] = [
    ['segue-jobs', 'no object', 'hello'],
    ['segue-jobs', 'nothing', undefined],
    ['segue-jobs', 'null', null],
    ['segue-jobs', 'of no kind', { trackId: 'track_x' }],
    ['segue-jobs', 'of an unknown kind', { kind: 'constructor' }],
    ['segue-jobs', 'a transcode without a track', { kind: 'transcode', ticket: 1 }],
    ['segue-jobs', 'a transcode with a ticket of text', { kind: 'transcode', trackId: 'x', ticket: 'y' }],
    ['segue-jobs', 'an ingest without an upload', { kind: 'ingest' }],
    ['segue-jobs', 'a number beyond JSON', { kind: 'x', n: 1n }],
    ['segue-jobs', 'an object that holds itself', circular],
    ['segue-events', 'no event', { hello: 1 }],
    ['segue-events', 'nothing', undefined],
    ['segue-events', 'an event with another payload', { id: 'evt_1', type: 'track.ready', payload: {} }],
    [
      'segue-events',
      'files to remove outside of the renditions',
      { id: 'evt_2', type: 'track.media_replaced', payload: { trackId: 'x', prefix: 'originals/' } },
    ],
  ]
  it.each(poison)('in %s (%s) is recorded and not tried again', async (queue, _, body) => {
    const before = (await deadLetters()).length
    const result = await deliver(around.env, queue, [body], new Date(0))
    expect(result.explicitAcks).toHaveLength(1)
    expect(result.retryMessages).toEqual([])
    const [newest, ...older] = await deadLetters()
    expect(older).toHaveLength(before)
    expect(newest?.queue).toBe(queue)
  })

  it('does not hold up its neighbours', async () => {
    const track = await seedTrack(owner)
    const good = { kind: 'transcode', trackId: track.trackId, ticket: track.ticket }
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(null, { status: 202 }))
    const result = await deliver(around.env, 'segue-jobs', ['bad', good, 'worse'])
    expect(result.explicitAcks).toHaveLength(3)
    expect(await processingOf(track.trackId)).toMatchObject({ state: 'running' })
  })
})

describe('a message that fails for another reason', () => {
  it('is tried again, alone', async () => {
    const track = await seedTrack(owner)
    const broken = {
      ...around.env,
      MEDIA: { ...env.MEDIA, head: () => Promise.reject(new Error('R2 is away')) },
    }
    const message = { kind: 'transcode', trackId: track.trackId, ticket: track.ticket }
    const result = await deliver(broken as Env, 'segue-jobs', [message, 'poison'])
    expect(result.retryMessages).toHaveLength(1)
    expect(result.explicitAcks).toHaveLength(1)
  })

  it('of an event that nobody listens to is done at once', async () => {
    const event = { id: 'evt_x', type: 'tea.ready', payload: null }
    expect((await deliver(around.env, 'segue-events', [event])).explicitAcks).toHaveLength(1)
  })
})

describe('a dead letter', () => {
  it('is listed for admins alone, and its track fails with a reason and without a file', async () => {
    const track = await seedTrack(owner)
    const message = { kind: 'transcode', trackId: track.trackId, ticket: track.ticket }
    const prefix = `renditions/${track.trackId}/${track.sourceHash}/p1/`
    await env.MEDIA.put(`${prefix}aac-64.mp4`, 'left over')
    expect((await deliver(around.env, 'segue-jobs-dead', [message])).explicitAcks).toHaveLength(1)
    expect((await deadLetters())[0]).toMatchObject({ queue: 'segue-jobs', body: JSON.stringify(message) })
    const answer = await ask(around.env, 'GET', `/v1/tracks/${track.trackId}`, { headers: owner.headers })
    expect(await answer.json()).toMatchObject({
      status: 'failed',
      processing: { failure: { code: 'transcoder_error' } },
    })
    expect((await env.MEDIA.list({ prefix })).objects).toEqual([])
    for (const role of ['artist', 'listener', 'moderator'] as const) {
      const { headers } = await signIn({ role })
      expect((await ask(around.env, 'GET', '/v1/admin/dead-letters', { headers })).status).toBe(403)
    }
  })

  it('of a message that a newer one has replaced changes nothing', async () => {
    const track = await seedTrack(owner)
    await claimJob(track.trackId)
    await deliver(around.env, 'segue-jobs-dead', [
      { kind: 'transcode', trackId: track.trackId, ticket: track.ticket },
    ])
    expect(await processingOf(track.trackId)).toMatchObject({ state: 'running' })
  })

  it('of an event is recorded', async () => {
    await deliver(around.env, 'segue-events-dead', [{ id: 'evt_dead', type: 'track.ready' }])
    expect((await deadLetters())[0]).toMatchObject({ queue: 'segue-events' })
  })
})

describe('the outbox', () => {
  const ids = () => around.events.map((sent) => (sent.body as { payload: { n: number } }).payload.n)
  const drain = async () => {
    while ((await sendOutbox(primary(), around.env.EVENTS, Date.now())) > 0);
    around.events.length = 0
  }

  it('sends each event once, in order, a hundred at a time', async () => {
    await drain()
    const db = primary()
    for (let n = 0; n < 130; n++) await recordEvent(db, 'test.event', { n }, Date.now())
    expect(await sendOutbox(db, around.env.EVENTS, Date.now())).toBe(100)
    expect(await sendOutbox(db, around.env.EVENTS, Date.now())).toBe(30)
    expect(await sendOutbox(db, around.env.EVENTS, Date.now())).toBe(0)
    expect(ids()).toEqual(Array.from({ length: 130 }, (_, n) => n))
  })

  it('keeps what the queue did not take, and the sweep sends it', async () => {
    await drain()
    await recordEvent(primary(), 'test.event', { n: 7 }, Date.now())
    const refusing: Queue = {
      ...around.env.EVENTS,
      sendBatch: () => Promise.reject(new Error('the queue is away')),
    }
    await sweep({ ...around.env, EVENTS: refusing }, Date.now())
    await sweep(around.env, Date.now())
    await sweep(around.env, Date.now())
    expect(ids()).toEqual([7])
  })

  it('forgets what was sent more than seven days ago, and nothing else', async () => {
    await drain()
    const db = primary()
    await recordEvent(db, 'test.event', { n: 1 }, 0)
    await sendOutbox(db, around.env.EVENTS, Date.now() - 8 * DAY_MS)
    await recordEvent(db, 'test.event', { n: 2 }, 0)
    await sendOutbox(db, around.env.EVENTS, Date.now() - 6 * DAY_MS)
    await recordEvent(db, 'test.event', { n: 3 }, 0)
    await pruneOutbox(db, Date.now())
    const left = await env.DB.prepare(
      `select payload from outbox where payload like '{"n":%' and created_at = 0`,
    ).all()
    expect(left.results).toEqual([{ payload: '{"n":2}' }, { payload: '{"n":3}' }])
  })
})
