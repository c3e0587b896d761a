import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { type IngestDeps, ingestUpload } from '../../src/uploads/ingest.ts'
import { findOwnUpload, insertUpload, markHashing, noteTrack } from '../../src/uploads/queries.ts'
import { sweepUploads } from '../../src/uploads/sweep.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { bytesOf, coverFrame, flac, id3, lyricsFrame, mp3, textFrame } from './files.ts'
import { create, idOf, noise, patch } from './tus-client.ts'

type Sent = { kind: string; trackId?: string; uploadId?: string; ticket: number }

/** Dependencies whose queue only remembers. */
function dependencies(now = Date.now()): IngestDeps & { sent: Sent[] } {
  const sent: Sent[] = []
  const jobs = {
    send: async (body: Sent) => void sent.push(body),
    sendBatch: async (batch: { body: Sent }[]) => void sent.push(...batch.map(({ body }) => body)),
  }
  const { db } = openDb(env.DB, 'first-primary')
  return { db, bucket: env.MEDIA, jobs: jobs as unknown as Queue, now: () => now, sent }
}

/** A completed upload, as its object leaves it. */
async function completed(owner: SignedIn, bytes: Uint8Array, fileName = 'song.mp3') {
  const { db } = dependencies()
  const uploadId = newId('upload')
  const nowMs = Date.now()
  const row = { id: uploadId, ownerAccountId: owner.accountId, fileName, length: bytes.length }
  await insertUpload(db, { ...row, createdAt: nowMs, expiresAt: nowMs + 1000 })
  await env.MEDIA.put(`originals/${uploadId}`, bytes)
  await markHashing(db, uploadId, nowMs + 60_000, nowMs)
  return { kind: 'ingest' as const, uploadId, ticket: nowMs + 60_000 }
}

async function rowOf(owner: SignedIn, uploadId: string) {
  return findOwnUpload(dependencies().db, owner.accountId, uploadId)
}

async function hasOriginal(uploadId: string): Promise<boolean> {
  return (await env.MEDIA.head(`originals/${uploadId}`)) !== null
}

function trackOf(uploadId: string) {
  return env.DB.prepare(
    `select tracks.*, plain, synced, releases.title as album from uploads
     join tracks on tracks.id = uploads.track_id left join releases on releases.pk = tracks.release_pk
     left join track_lyrics on track_lyrics.track_pk = tracks.pk where uploads.id = ?`,
  )
    .bind(uploadId)
    .first<Record<string, unknown>>()
}

const artist = () => signIn({ role: 'artist' })

describe('a completed upload', () => {
  it('becomes a track by its tags and is sent to be transcoded', async () => {
    const owner = await artist()
    const lrc = '[00:01.00]Tide comes in\n[00:05.00]and goes out'
    const tag = id3(
      textFrame('TIT2', '\u202eTide\0'),
      textFrame('TPE1', 'Ada\0Grace'),
      textFrame('TALB', 'Water'),
      textFrame('TDRC', '2004-05-06'),
      textFrame('TSRC', 'usrc17607839'),
      lyricsFrame(lrc),
    )
    const message = await completed(owner, bytesOf(tag, mp3(20)))
    const deps = dependencies()
    const ingested = await ingestUpload(deps, message)
    expect(ingested).toMatchObject({ outcome: 'done', isDuplicate: false })
    expect(deps.sent).toMatchObject([
      { kind: 'transcode', trackId: ingested && 'trackId' in ingested && ingested.trackId },
    ])
    expect(await trackOf(message.uploadId)).toMatchObject({
      title: 'Tide',
      album: 'Water',
      release_date: '2004-05-06',
      isrc: 'USRC17607839',
      plain: 'Tide comes in\nand goes out',
      synced: lrc,
    })
    expect(await rowOf(owner, message.uploadId)).toMatchObject({ state: 'done' })
  })

  it('takes FLAC comments, several of one name too', async () => {
    const owner = await artist()
    const message = await completed(
      owner,
      flac(['TITLE=Ebb', 'ARTIST=Ada', 'ARTIST=Grace', 'TRACKNUMBER=4', 'GENRE=Folk'], 51),
    )
    await ingestUpload(dependencies(), message)
    expect(await trackOf(message.uploadId)).toMatchObject({
      title: 'Ebb',
      track_number: 4,
      source_format: 'flac',
    })
    const { results } = await env.DB.prepare(
      `select name from track_artists join artists on artists.pk = artist_pk join tracks on tracks.pk = track_pk
       where tracks.title = 'Ebb' order by position`,
    ).all()
    expect(results).toEqual([{ name: 'Ada' }, { name: 'Grace' }])
  })

  it('survives a tag of a megabyte and a cover of 50 MB', async () => {
    const owner = await artist()
    const long = await completed(owner, bytesOf(id3(textFrame('TIT2', 'la'.repeat(500_000))), mp3(9)))
    await ingestUpload(dependencies(), long)
    expect((await trackOf(long.uploadId))?.title).toHaveLength(500)
    const tag = id3(coverFrame(50_000_000), textFrame('TIT2', 'Behind the cover'))
    const covered = await completed(owner, bytesOf(tag, mp3(10)), '07 Covered.mp3')
    await ingestUpload(dependencies(), covered)
    expect(await trackOf(covered.uploadId)).toMatchObject({ title: 'Behind the cover' })
  })

  it.each([
    ['text', bytesOf('words '.repeat(500)), 'unsupported_format'],
    ['an ELF program', bytesOf([0x7f], 'ELF', noise(5000)), 'unsupported_format'],
    ['noise', noise(100_000, 5), 'unsupported_format'],
    ['nothing', new Uint8Array(), 'empty_file'],
  ])('of %s fails in clear words and is deleted', async (_what, bytes, code) => {
    const owner = await artist()
    const message = await completed(owner, bytes)
    expect(await ingestUpload(dependencies(), message)).toEqual({ outcome: 'failed', code })
    const row = await rowOf(owner, message.uploadId)
    expect(row).toMatchObject({ state: 'failed', failureCode: code })
    expect(row?.failureDetail).toMatch(/^The .+\.$/)
    expect(await hasOriginal(message.uploadId)).toBe(false)
  })

  it('whose content has gone says so', async () => {
    const owner = await artist()
    const message = await completed(owner, mp3())
    await env.MEDIA.delete(`originals/${message.uploadId}`)
    expect(await ingestUpload(dependencies(), message)).toEqual({ outcome: 'failed', code: 'source_missing' })
  })

  it('is left alone by a message that has been replaced', async () => {
    const owner = await artist()
    const message = await completed(owner, mp3(8, 3))
    expect(await ingestUpload(dependencies(), { ...message, ticket: message.ticket - 1 })).toBeNull()
    expect(await rowOf(owner, message.uploadId)).toMatchObject({ state: 'hashing' })
  })

  it('ends in the same when it is done again after a crash', async () => {
    const owner = await artist()
    const first = await completed(owner, mp3(8, 4))
    await ingestUpload(dependencies(), first)
    await env.DB.prepare("update uploads set state = 'hashing', track_id = null, due_at = ? where id = ?")
      .bind(first.ticket, first.uploadId)
      .run()
    const again = dependencies()
    expect(await ingestUpload(again, first)).toMatchObject({ outcome: 'done', isDuplicate: false })
    expect(again.sent).toHaveLength(1)
    expect(await hasOriginal(first.uploadId)).toBe(true)
  })

  it('that is a copy ends with the original track, also when it is interrupted before or after its deletion', async () => {
    const owner = await artist()
    const first = await completed(owner, mp3(8, 5))
    const winner = await ingestUpload(dependencies(), first)
    const trackId = winner?.outcome === 'done' ? winner.trackId : ''
    const copy = await completed(owner, mp3(8, 5))
    await noteTrack(dependencies().db, copy.uploadId, trackId, Date.now())
    await env.MEDIA.delete(`originals/${copy.uploadId}`)
    const deps = dependencies()
    expect(await ingestUpload(deps, copy)).toEqual({ outcome: 'done', trackId, isDuplicate: true })
    expect(deps.sent).toEqual([])
    expect(await hasOriginal(first.uploadId)).toBe(true)
    expect(await rowOf(owner, copy.uploadId)).toMatchObject({ state: 'done', trackId })
  })
})

describe('the same file by ten clients at once', () => {
  it('is one track with one original', { timeout: 30_000 }, async () => {
    const owner = await artist()
    const file = bytesOf(flac(['TITLE=Ten'], 52), noise(300_000))
    const urls = await Promise.all(Array.from({ length: 10 }, () => create(owner, file.length)))
    await Promise.all(urls.map((url) => patch(owner, url, 0, file)))
    const rows = await vi.waitFor(
      async () => {
        const all = await Promise.all(urls.map((url) => rowOf(owner, idOf(url))))
        expect(all.every((row) => row?.state === 'done')).toBe(true)
        return all
      },
      { timeout: 20_000, interval: 200 },
    )
    expect(new Set(rows.map((row) => row?.trackId)).size).toBe(1)
    const kept = await Promise.all(urls.map((url) => hasOriginal(idOf(url))))
    expect(kept.filter(Boolean)).toHaveLength(1)
  })
})

describe('the sweep of uploads', () => {
  it('sends a completed upload again, with a new ticket', async () => {
    const owner = await artist()
    const message = await completed(owner, mp3(8, 6))
    const later = dependencies(message.ticket + 1)
    await sweepUploads({ ...later, objects: env.UPLOAD })
    const sent = later.sent.find((body) => body.uploadId === message.uploadId)
    expect(sent?.ticket).toBe(message.ticket + 60_001)
    expect(await ingestUpload(dependencies(), message)).toBeNull()
    expect(await ingestUpload(dependencies(), { ...message, ticket: sent?.ticket ?? 0 })).toMatchObject({
      outcome: 'done',
    })
  })

  it('ends unfinished uploads that have no object, and asks the object of those that have', async () => {
    const owner = await artist()
    const { db } = dependencies()
    const uploadId = newId('upload')
    const row = { id: uploadId, ownerAccountId: owner.accountId, fileName: 'x.mp3', length: 10 }
    await insertUpload(db, { ...row, createdAt: 1, expiresAt: 2 })
    await env.MEDIA.put(`originals/${uploadId}`, mp3())
    const alive = idOf(await create(owner, 100))
    await env.DB.prepare('update uploads set expires_at = 2 where id = ?').bind(alive).run()
    await sweepUploads({ ...dependencies(), objects: env.UPLOAD })
    expect(await rowOf(owner, uploadId)).toMatchObject({ state: 'failed', failureCode: 'expired' })
    expect(await hasOriginal(uploadId)).toBe(false)
    const still = await rowOf(owner, alive)
    expect(still?.state).toBe('uploading')
    expect(still?.expiresAt).toBeGreaterThan(Date.now())
  })
})
