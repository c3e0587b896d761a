import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import * as processing from '../../src/catalog/processing.ts'
import { oldestQueuedAt } from '../../src/operations/queries.ts'
import { openDb } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { encodeCursor } from '../../src/platform/pagination.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { codeOf, send } from '../support/http.ts'
import { ask, bench } from '../support/tracks.ts'
import { badPlanLines, type Watch, watchedDb } from './watched-db.ts'

type Page = { items: { id: string }[]; nextCursor: string | null }

let owner: SignedIn
let admin: SignedIn

/** Adds `count` tracks straight by SQL: one artist each of 20, 12 a release; every tenth of them is still queued. */
async function addTracks(count: number): Promise<void> {
  const [start] = (
    await env.DB.prepare('select coalesce(max(pk), 0) as pk from tracks').all<{ pk: number }>()
  ).results
  const from = start?.pk ?? 0
  const numbers = `with recursive n(i) as (select ${from + 1} union all select i + 1 from n where i < ${from + count})`
  const id = (prefix: string, number: string) => `printf('${prefix}_01%024d', ${number})`
  const ownerPk = `(select pk from accounts where id = '${owner.accountId}')`
  await env.DB.batch(
    [
      `insert into artists (pk, id, name, sort_name, match_key, is_public, created_at, updated_at)
        ${numbers} select i, ${id('artist', 'i')}, 'Artist ' || i, printf('artist %06d', i), 'artist ' || i, 1, 0, 0 from n where i <= ${from} + ${count} / 5`,
      `insert into releases (pk, id, owner_pk, title, match_key, is_public, created_at, updated_at)
        ${numbers} select i, ${id('release', 'i')}, ${ownerPk}, 'Release ' || i, 'release ' || i, 1, 0, 0 from n where i <= ${from} + ${count} / 5`,
      `insert into release_artists (release_pk, position, artist_pk)
        ${numbers} select i, 0, ${from} + 1 + i % 20 from n where i <= ${from} + ${count} / 5`,
      `insert into tracks (pk, id, owner_pk, source_hash, source_key, source_bytes, source_format, file_name, status, title,
          release_pk, disc_number, track_number, created_at, updated_at)
        ${numbers} select i, ${id('track', 'i')}, ${ownerPk}, 'hash ' || i, 'key ' || i, 1, 'flac', 'f', iif(i % 10 = 0, 'queued', 'ready'),
          'Track ' || i, ${from} + 1 + i % (${count} / 12), 1 + i % 2, i, 0, 0 from n`,
      `insert into track_artists (track_pk, position, artist_pk) ${numbers} select i, 0, ${from} + 1 + i % 20 from n`,
      `insert into processing (track_pk, state, run, percent, attempt, failures, queued_at, due_at)
        ${numbers} select i, iif(i % 10 = 0, 'queued', 'done'), 0, 0, 1, 0, i, iif(i % 10 = 0, i, null) from n`,
    ].map((sql) => env.DB.prepare(sql)),
  )
}

async function page(path: string, watch?: Watch, account = owner): Promise<Page> {
  const { env: testEnv } = bench(watch ? { DB: watch.binding } : {})
  const response = await ask(testEnv, 'GET', path, { headers: account.headers })
  expect(response.status).toBe(200)
  return response.json<Page>()
}

const oneOf = async (table: string, minimum: number) =>
  (await env.DB.prepare(`select id from ${table} where pk > ${minimum} order by pk limit 1`).first<string>(
    'id',
  )) ?? ''

/** Every list with every filter that it declares. */
async function declaredLists(): Promise<[string, SignedIn][]> {
  const artistId = await oneOf('artists', 3)
  const releaseId = await oneOf('releases', 3)
  return [
    ['/v1/tracks?', owner],
    ['/v1/tracks?status=ready&', owner],
    ['/v1/tracks?owner=me&', owner],
    ['/v1/tracks?owner=me&status=queued&', owner],
    ['/v1/tracks?owner=me&status=ready&', owner],
    ['/v1/tracks?status=queued&', admin],
    [`/v1/tracks?releaseId=${releaseId}&`, owner],
    [`/v1/tracks?artistId=${artistId}&`, owner],
    ['/v1/releases?', owner],
    [`/v1/releases?artistId=${artistId}&`, owner],
    ['/v1/artists?', owner],
    ['/v1/admin/dead-letters?', admin],
  ]
}

beforeAll(async () => {
  owner = await signIn({ role: 'artist' })
  admin = await signIn({ role: 'admin' })
  await addTracks(100)
})

describe('lists', () => {
  it('give each item once and in one order, however small the pages', async () => {
    for (const [path, account] of await declaredLists()) {
      const whole = (await page(`${path}limit=200`, undefined, account)).items.map((item) => item.id)
      const walked: string[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const next: Page = await page(`${path}limit=7${cursor && `&cursor=${cursor}`}`, undefined, account)
        walked.push(...next.items.map((item) => item.id))
        cursor = next.nextCursor
      }
      expect(walked, path).toEqual(whole)
    }
  })

  it('go on where they were when something new arrives in between', async () => {
    const first = await page('/v1/tracks?limit=10')
    const rest = await page(`/v1/tracks?limit=200&cursor=${first.nextCursor}`)
    await addTracks(120)
    expect(await page(`/v1/tracks?limit=200&cursor=${first.nextCursor}`)).toEqual(rest)
    expect((await page('/v1/tracks?limit=10')).items).not.toEqual(first.items)
  })

  it('read a release in playing order, by disc and number', async () => {
    const releaseId = await oneOf('releases', 3)
    const { items } = await page(`/v1/tracks?releaseId=${releaseId}`)
    const order = items.map((item) => {
      const { discNumber, trackNumber } = item as unknown as { discNumber: number; trackNumber: number }
      return discNumber * 100_000 + trackNumber
    })
    expect(order.length).toBeGreaterThan(5)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  })

  it('never show listeners the unfinished tracks of others', async () => {
    const listener = await signIn()
    for (const path of [
      '/v1/tracks?limit=200',
      `/v1/tracks?limit=200&artistId=${await oneOf('artists', 3)}`,
    ]) {
      const { items } = await page(path, undefined, listener)
      expect(new Set(items.map((item) => (item as { status?: string }).status))).toEqual(new Set(['ready']))
    }
    expect((await page('/v1/tracks?owner=me', undefined, listener)).items).toEqual([])
    const response = await send('GET', '/v1/tracks?status=queued', { headers: listener.headers })
    expect(response.status).toBe(403)
  })

  it.each([
    'owner=me&artistId=ARTIST',
    'owner=me&releaseId=RELEASE',
    'artistId=ARTIST&releaseId=RELEASE',
    'status=ready&artistId=ARTIST',
    'status=ready&releaseId=RELEASE',
  ])('refuse %s, which no index serves', async (query) => {
    const ids = query.replace('ARTIST', newId('artist')).replace('RELEASE', newId('release'))
    const response = await send('GET', `/v1/tracks?${ids}`, { headers: owner.headers })
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('unsupported_combination')
  })

  it('refuse cursors that nobody handed out, and those of another list', async () => {
    const lists = [
      '/v1/tracks?',
      '/v1/releases?',
      '/v1/artists?',
      `/v1/tracks?releaseId=${await oneOf('releases', 3)}&`,
    ]
    const cursors = await Promise.all(
      lists.map(async (path) => (await page(`${path}limit=1`)).nextCursor ?? ''),
    )
    const garbage = [
      'x',
      '%00',
      '!!!',
      encodeCursor([]),
      encodeCursor([null]),
      encodeCursor(['a', 'b']),
      encodeCursor([1e300]),
    ]
    for (const [index, path] of lists.entries()) {
      for (const cursor of [...garbage, ...cursors.filter((_, other) => other !== index)]) {
        const response = await send('GET', `${path}cursor=${encodeURIComponent(cursor)}`, {
          headers: owner.headers,
        })
        expect(response.status, `${path} ${cursor}`).toBe(400)
        expect(await codeOf(response)).toBe('invalid_cursor')
      }
    }
  })

  it.each(['0', '201', '-1', '1.5', 'many', ''])('refuse a limit of "%s"', async (limit) => {
    const response = await send('GET', `/v1/tracks?limit=${limit}`, { headers: owner.headers })
    expect(await codeOf(response)).toBe('validation_failed')
  })
})

describe('what a list costs', () => {
  it('is bounded by the limit, at a hundred tracks and at ten thousand, on the first page and far behind it', async () => {
    for (const size of [0, 10_000]) {
      await addTracksUpTo(size)
      for (const [path, account] of await declaredLists()) {
        let cursor: string | null = ''
        for (const position of ['first page', 'second page', 'third page']) {
          if (cursor === null) break
          const watch = watchedDb()
          const next: Page = await page(`${path}limit=20${cursor && `&cursor=${cursor}`}`, watch, account)
          expect(watch.rowsRead, `${path} ${position} of ${size}`).toBeLessThanOrEqual(4 * 20 + 50)
          expect(watch.roundTrips, path).toBeLessThanOrEqual(2)
          cursor = next.nextCursor
        }
      }
    }
  })

  it('is the same in the middle of ten thousand as at the start', async () => {
    const [first, middle] = [watchedDb(), watchedDb()]
    await page('/v1/tracks?limit=50', first)
    const far =
      (await env.DB.prepare('select pk from tracks order by pk limit 1 offset 300').first<number>('pk')) ?? 0
    const { nextCursor } = await page('/v1/tracks?limit=1')
    const keyset: unknown[] = JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString())
    const cursor = encodeCursor([...keyset.slice(0, -1).map(String), far])
    expect((await page(`/v1/tracks?limit=50&cursor=${cursor}`, middle)).items).toHaveLength(50)
    expect(Math.abs(middle.rowsRead - first.rowsRead)).toBeLessThanOrEqual(10)
  })

  it('is never a scan of a table nor a sort by hand, for lists, single reads and jobs', async () => {
    const watch = watchedDb()
    for (const [path, account] of await declaredLists()) {
      const { nextCursor } = await page(`${path}limit=2`, watch, account)
      if (nextCursor) await page(`${path}limit=2&cursor=${nextCursor}`, watch, account)
    }
    for (const table of ['tracks', 'releases', 'artists'])
      await page(`/v1/${table}/${await oneOf(table, 3)}`, watch)
    const { db } = openDb(watch.binding, 'first-primary')
    const row = await processing.findProcessing(db, await oneOf('tracks', 3))
    if (!row) throw new Error('the track is not there')
    const nowMs = Date.now()
    await processing.claimAttempt(db, row, 0, nowMs)
    await processing.beat(db, { ...row, attempt: 2 }, { stage: 'encode', percent: 10 }, nowMs)
    await processing.requeue(db, { ...row, attempt: 2 }, { dueAt: nowMs, failures: 1 }, nowMs)
    await processing.failProcessing(db, { ...row, attempt: 2 }, { code: 'no_audio', detail: '' }, nowMs)
    await processing.queueAgain(db, row.trackId, nowMs)
    await processing.takeDue(db, 10, nowMs)
    await processing.takeQueued(db, 10, nowMs)
    await oldestQueuedAt(db)
    await ask(bench({ DB: watch.binding }).env, 'DELETE', `/v1/tracks/${row.trackId}`, {
      headers: owner.headers,
    })
    expect(watch.statements.length).toBeGreaterThan(40)
    for (const statement of watch.statements) {
      if (!statement.sql.startsWith('select iif('))
        expect(await badPlanLines(statement), statement.sql).toEqual([])
    }
  })
})

async function addTracksUpTo(size: number): Promise<void> {
  const count = (await env.DB.prepare('select count(*) as n from tracks').first<number>('n')) ?? 0
  if (count < size) await addTracks(size - count)
}
