import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { renditionPrefix } from '../../src/catalog/media.ts'
import { newId } from '../../src/platform/ids.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf, send } from '../support/http.ts'
import {
  ask,
  bench,
  claimJob,
  deliverEvents,
  finishTrack,
  postEvent,
  readyTrack,
  seedTrack,
} from '../support/tracks.ts'

const read = (account: SignedIn, path: string) => send('GET', path, { headers: account.headers })
const trackOf = async (account: SignedIn, trackId: string) =>
  (await read(account, `/v1/tracks/${trackId}`)).json<Record<string, unknown>>()
const unique = () => crypto.randomUUID().slice(0, 8)

async function objects(prefix: string): Promise<string[]> {
  return (await env.MEDIA.list({ prefix })).objects.map((object) => object.key)
}

describe('a track', () => {
  it('is nobody’s business but its owner’s and the admins’ until it is ready', async () => {
    const [owner, other, admin] = [
      await signIn({ role: 'artist' }),
      await signIn({ role: 'artist' }),
      await signIn({ role: 'admin' }),
    ]
    const track = await seedTrack(owner)
    const path = `/v1/tracks/${track.trackId}`
    expect((await read(other, path)).status).toBe(404)
    for (const keeper of [owner, admin]) {
      expect(await trackOf(keeper, track.trackId)).toMatchObject({
        status: 'queued',
        durationMs: null,
        loudness: null,
        processing: { percent: 0, stage: null, failedAttempts: 0, failure: null, source: { format: 'flac' } },
      })
    }
    await finishTrack(track)
    expect(await trackOf(other, track.trackId)).toMatchObject({ status: 'ready', processing: null })
    expect(await trackOf(owner, track.trackId)).toMatchObject({
      processing: { percent: 100, failedAttempts: 0 },
    })
  })

  it('tells its owner how far it is while it is being made', async () => {
    const owner = await signIn({ role: 'artist' })
    const { trackId } = await seedTrack(owner)
    const job = await claimJob(trackId)
    expect(await trackOf(owner, trackId)).toMatchObject({ status: 'processing', processing: { percent: 0 } })
    const { env: testEnv } = bench()
    for (const percent of [12.5, 60, 100]) {
      expect((await postEvent(testEnv, job, { type: 'progress', stage: 'encode', percent })).status).toBe(204)
      expect(await trackOf(owner, trackId)).toMatchObject({ processing: { stage: 'encode', percent } })
    }
  })

  it('that is not whole says so, and what is wrong to its owner alone', async () => {
    const [owner, listener] = [await signIn({ role: 'artist' }), await signIn()]
    const { trackId } = await readyTrack(owner, {}, { damage: 'invalid data at 3.2 s' })
    expect(await trackOf(listener, trackId)).toMatchObject({ isDamaged: true, processing: null })
    expect(await trackOf(owner, trackId)).toMatchObject({
      isDamaged: true,
      processing: { damage: 'invalid data at 3.2 s', failure: null },
    })
  })

  it('shows its length, loudness and cover once it is ready', async () => {
    const owner = await signIn({ role: 'artist' })
    const { trackId } = await readyTrack(owner, { album: unique() }, { durationMs: 61_234 })
    expect(await trackOf(owner, trackId)).toMatchObject({
      durationMs: 61_234,
      release: { cover: { colour: '#1d3557', widthPx: 320 } },
      loudness: { integratedLufs: -14.2, truePeakDbtp: -1.1, trackGainDb: -3.8 },
    })
  })

  it.each(['track_x', 'artist_01k9f3m7w8e2vbx0q4r5s6t7v8', '1', '%27'])('has no id like %s', async (id) => {
    expect((await read(await signIn(), `/v1/tracks/${id}`)).status).toBe(400)
  })
})

describe('artists and releases', () => {
  it('show once something of them can be played', async () => {
    const [owner, listener] = [await signIn({ role: 'artist' }), await signIn()]
    const track = await seedTrack(owner, { artists: [`Ada ${unique()}`], album: unique() })
    const { artists, release } = (await trackOf(owner, track.trackId)) as {
      artists: { id: string }[]
      release: { id: string }
    }
    const paths = [`/v1/artists/${artists[0]?.id}`, `/v1/releases/${release.id}`]
    for (const path of paths) expect((await read(listener, path)).status).toBe(404)
    await finishTrack(track)
    for (const path of paths) expect((await read(listener, path)).status).toBe(200)
  })
})

describe('deleting a track', () => {
  const remove = (account: SignedIn, trackId: string) =>
    ask(bench().env, 'DELETE', `/v1/tracks/${trackId}`, { headers: account.headers })

  it('removes every row at once, and every object when the event arrives', async () => {
    const around = bench()
    const [owner, listener] = [await signIn({ role: 'artist' }), await signIn()]
    const tags = {
      artists: [`Ada ${unique()}`],
      composers: [`Clara ${unique()}`],
      genres: [unique()],
      album: unique(),
      lyricsPlain: 'la',
    }
    const track = await readyTrack(owner, tags)
    const { artists, release } = (await trackOf(owner, track.trackId)) as {
      artists: { id: string }[]
      release: { id: string }
    }
    const pk = await env.DB.prepare('select pk from tracks where id = ?')
      .bind(track.trackId)
      .first<number>('pk')
    expect((await objects(`renditions/${track.trackId}/`)).length).toBeGreaterThan(8)
    const answer = await ask(around.env, 'DELETE', `/v1/tracks/${track.trackId}`, { headers: owner.headers })
    expect(answer.status).toBe(204)
    for (const path of [
      `/v1/tracks/${track.trackId}`,
      `/v1/releases/${release.id}`,
      `/v1/artists/${artists[0]?.id}`,
    ])
      expect((await read(listener, path)).status, path).toBe(404)
    for (const table of [
      'track_artists',
      'track_credits',
      'track_genres',
      'track_lyrics',
      'track_media',
      'processing',
    ]) {
      const rows = await env.DB.prepare(`select 1 from ${table} where track_pk = ?`).bind(pk).all()
      expect(rows.results, table).toEqual([])
    }
    await expect.poll(() => around.events.length).toBe(1)
    await deliverEvents(around)
    expect(await objects(`renditions/${track.trackId}/`)).toEqual([])
    expect(await env.MEDIA.head(track.sourceKey)).toBeNull()
  })

  it('keeps a release that has other tracks, and its artists, and derives its loudness anew', async () => {
    const around = bench()
    const owner = await signIn({ role: 'artist' })
    const tags = { artists: [`Ada ${unique()}`], album: unique() }
    const quiet = { histogram: [[400, 50] as [number, number]] }
    const loud = { histogram: [[600, 50] as [number, number]] }
    const first = await readyTrack(owner, tags, { loudness: quiet })
    const second = await readyTrack(owner, tags, { loudness: loud, hasCover: false })
    const { release } = (await trackOf(owner, second.trackId)) as { release: { id: string } }
    const loudness = async () =>
      (
        await (
          await read(owner, `/v1/releases/${release.id}`)
        ).json<{ loudness: { integratedLufs: number } }>()
      ).loudness.integratedLufs
    const before = await loudness()
    await ask(around.env, 'DELETE', `/v1/tracks/${first.trackId}`, { headers: owner.headers })
    await expect.poll(() => around.events.length).toBe(1)
    await deliverEvents(around)
    expect(await trackOf(owner, second.trackId)).toMatchObject({ release: { id: release.id, cover: null } })
    expect(await loudness()).toBeGreaterThanOrEqual(before)
    expect(await loudness()).toBeCloseTo(-9.95, 1)
  })

  it('hides a release of which only unfinished tracks are left', async () => {
    const owner = await signIn({ role: 'artist' })
    const tags = { artists: [`Ada ${unique()}`], album: unique() }
    const ready = await readyTrack(owner, tags)
    const waiting = await seedTrack(owner, tags)
    const { release } = (await trackOf(owner, waiting.trackId)) as { release: { id: string } }
    expect((await read(owner, `/v1/releases/${release.id}`)).status).toBe(200)
    await remove(owner, ready.trackId)
    expect((await read(owner, `/v1/releases/${release.id}`)).status).toBe(404)
    await finishTrack(waiting)
    expect((await read(owner, `/v1/releases/${release.id}`)).status).toBe(200)
  })

  it('is for its owner and admins; to others it is not there', async () => {
    const owner = await signIn({ role: 'artist' })
    const track = await readyTrack(owner)
    const listener = await remove(await signIn(), track.trackId)
    expect(listener.status).toBe(403)
    const other = await remove(await signIn({ role: 'artist' }), track.trackId)
    expect(other.status).toBe(404)
    expect(await codeOf(other)).toBe('not_found')
    expect((await remove(owner, newId('track'))).status).toBe(404)
    expect((await remove(await signIn({ role: 'admin' }), track.trackId)).status).toBe(204)
    expect((await remove(owner, track.trackId)).status).toBe(404)
  })

  it('in the middle of its job ends the job', async () => {
    const owner = await signIn({ role: 'artist' })
    const track = await seedTrack(owner)
    const job = await claimJob(track.trackId)
    expect((await remove(owner, track.trackId)).status).toBe(204)
    const { env: testEnv } = bench()
    const answer = await postEvent(testEnv, job, { type: 'progress', stage: 'fetch', percent: 1 })
    expect(answer.status).toBe(410)
    expect(await objects(renditionPrefix(track.trackId, track.sourceHash, 'p1', 0))).toEqual([])
  })
})
