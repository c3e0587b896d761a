import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type SignedIn, signIn } from '../support/accounts.ts'
import {
  ask,
  type Bench,
  bench,
  deliver,
  deliverEvents,
  outputsOf,
  postEvent,
  readyTrack,
  type SeededTrack,
  type Sent,
  seedTrack,
  storeOutputs,
} from '../support/tracks.ts'
import { fakeTranscoder, handleOf, objectsUnder } from './fake-transcoder.ts'

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

describe('an admin’s re-run', () => {
  const rerun = async (trackId: string) => {
    const admin = await signIn({ role: 'admin' })
    return ask(around.env, 'POST', `/v1/admin/tracks/${trackId}/transcode`, { headers: admin.headers })
  }

  it('plays the old files until the new ones stand, then removes the old ones', async () => {
    const track = await readyTrack(owner)
    const old = `renditions/${track.trackId}/${track.sourceHash}/p1/`
    expect((await rerun(track.trackId)).status).toBe(202)
    await handOn(track)
    expect((await shown(track.trackId)).status).toBe('ready')
    const before = await objectsUnder(old)
    await finishRerun(track)
    expect(await objectsUnder(old)).toEqual(before)
    const [, replaced] = around.events
    expect(replaced?.body).toMatchObject({ type: 'track.media_replaced', payload: { prefix: old } })
    const early = await deliver(around.env, 'segue-events', [replaced?.body])
    expect(early.retryMessages).toHaveLength(1)
    expect(await objectsUnder(old)).toEqual(before)
    await deliver(around.env, 'segue-events', [replaced?.body], new Date(Date.now() - 31_000))
    expect(await objectsUnder(old)).toEqual([])
    expect((await objectsUnder(`renditions/${track.trackId}/`)).length).toBe(before.length)
  })

  async function finishRerun(track: SeededTrack): Promise<void> {
    const job = { ...handleOf(transcoder), prefix: `renditions/${track.trackId}/${track.sourceHash}/p1.1/` }
    await storeOutputs(job.prefix, outputsOf(track, { seed: 99 }))
    expect((await postEvent(around.env, job, { type: 'done' })).status).toBe(204)
  }

  it('that fails leaves the track ready and its old files whole', async () => {
    const track = await readyTrack(owner)
    await rerun(track.trackId)
    await handOn(track)
    await postEvent(around.env, handleOf(transcoder), {
      type: 'failed',
      code: 'no_audio',
      detail: 'Nothing.',
      isRetryable: false,
    })
    expect(await shown(track.trackId)).toMatchObject({
      status: 'ready',
      processing: { failure: { code: 'no_audio' } },
    })
    expect(
      (await objectsUnder(`renditions/${track.trackId}/${track.sourceHash}/p1/`)).length,
    ).toBeGreaterThan(8)
  })

  it('gives a failed track another chance, and cuts off the run before it', async () => {
    const track = await seedTrack(owner)
    await start(track)
    const older = handleOf(transcoder)
    expect((await rerun(track.trackId)).status).toBe(202)
    expect((await postEvent(around.env, older, { type: 'done' })).status).toBe(410)
    await handOn(track)
    await finishRerun(track)
    await deliverEvents(around)
    expect((await shown(track.trackId)).status).toBe('ready')
  })

  it('is for admins, of a track that there is', async () => {
    const track = await seedTrack(owner)
    const path = `/v1/admin/tracks/${track.trackId}/transcode`
    expect((await ask(around.env, 'POST', path, { headers: owner.headers })).status).toBe(403)
    expect((await rerun('track_01k9f3m7w8e2vbx0q4r5s6t7v8')).status).toBe(404)
  })
})

describe('the pool of containers', () => {
  it('is filled one after the other before a job waits, and reached by no address of the internet', async () => {
    const hosts: string[] = []
    const answers = [429, 202]
    const pool = new Proxy(env.TRANSCODER, {
      get: (target, name) =>
        name === 'get'
          ? (id: DurableObjectId) => ({
              fetch: async (request: Request) => {
                hosts.push(String(id.name))
                const job = await request.json<{ inputUrl: string }>()
                expect(new URL(job.inputUrl).host).toBe('jobs.segue.internal')
                return new Response(null, { status: answers.shift() ?? 503 })
              },
            })
          : Reflect.get(target, name).bind(target),
    })
    around = bench({ TRANSCODER: pool, TRANSCODER_URL: '', TRANSCODER_CALLBACK_URL: '' })
    const [first, second] = [await seedTrack(owner), await seedTrack(owner)]
    await start(first)
    expect(hosts).toEqual(['transcoder-0', 'transcoder-1'])
    expect((await shown(first.trackId)).status).toBe('processing')
    await start(second)
    expect(hosts.slice(2)).toEqual(['transcoder-0', 'transcoder-1'])
    expect((await shown(second.trackId)).status).toBe('queued')
    expect(transcoder.jobs).toEqual([])
  })
})
