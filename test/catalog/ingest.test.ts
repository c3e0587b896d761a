import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { TrackTags } from '../../src/catalog/tags.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { send } from '../support/http.ts'
import { randomHash, readyTrack, seedTrack } from '../support/tracks.ts'

type Named = { id: string; name: string }
type Detail = {
  artists: Named[]
  composers: Named[]
  genres: string[]
  release: { id: string; title: string } | null
  discNumber: number | null
  trackNumber: number | null
  isrc: string | null
  releaseDate: string | null
  lyrics: { plain: string | null; synced: string | null }
}

async function detailOf(account: SignedIn, tags: Partial<TrackTags>): Promise<Detail> {
  const { trackId } = await seedTrack(account, tags)
  return (await send('GET', `/v1/tracks/${trackId}`, { headers: account.headers })).json<Detail>()
}

const unique = () => crypto.randomUUID().slice(0, 8)
const count = (table: string) => env.DB.prepare(`select count(*) as n from ${table}`).first<number>('n')

describe('a file’s tags', () => {
  it('become a track with everything that they say', async () => {
    const owner = await signIn({ role: 'artist' })
    const detail = await detailOf(owner, {
      title: 'Tide',
      artists: ['Ada', 'Grace'],
      album: 'First Light',
      albumArtists: ['Various Hands'],
      composers: ['Clara'],
      genres: ['Ambient', 'Drone'],
      trackNumber: 3,
      discNumber: 2,
      releaseDate: '1994-05',
      isrc: 'GBAYE6800011',
      lyricsPlain: 'The tide comes in',
      lyricsSynced: '[00:12.00]The tide comes in',
    })
    expect(detail).toMatchObject({
      title: 'Tide',
      status: 'queued',
      release: { title: 'First Light', cover: null },
      genres: ['Ambient', 'Drone'],
      discNumber: 2,
      trackNumber: 3,
      releaseDate: '1994-05',
      isrc: 'GBAYE6800011',
      lyrics: { plain: 'The tide comes in', synced: '[00:12.00]The tide comes in' },
    })
    expect(detail.artists.map((artist) => artist.name)).toEqual(['Ada', 'Grace'])
    expect(detail.composers.map((artist) => artist.name)).toEqual(['Clara'])
  })

  it('that are missing leave an unknown artist, no release and no numbers', async () => {
    const owner = await signIn({ role: 'artist' })
    const detail = await detailOf(owner, { artists: [] })
    expect(detail.artists.map((artist) => artist.name)).toEqual(['Unknown artist'])
    expect(detail).toMatchObject({
      release: null,
      discNumber: null,
      trackNumber: null,
      isrc: null,
      releaseDate: null,
      composers: [],
      genres: [],
      lyrics: { plain: null, synced: null },
    })
  })

  it('stand in for one another: the album’s artist for the track’s, the track’s for the album’s', async () => {
    const owner = await signIn({ role: 'artist' })
    expect((await detailOf(owner, { artists: [], albumArtists: ['Ada'] })).artists[0]?.name).toBe('Ada')
    const title = unique()
    const first = await detailOf(owner, { artists: ['Ada'], album: title })
    const second = await detailOf(owner, { artists: ['Grace'], albumArtists: ['Ada'], album: title })
    expect(second.release).toEqual(first.release)
  })
})

describe('artists', () => {
  it.each([
    ['case', (name: string) => name.toUpperCase()],
    ['spaces', (name: string) => `  ${name.replace(' ', ' \u3000 ')} `],
    [
      'width',
      (name: string) => name.replace(/[a-z]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)),
    ],
    ['decomposed letters', (name: string) => name.normalize('NFD')],
  ])('are found again whatever the %s of their name', async (_, vary) => {
    const owner = await signIn({ role: 'artist' })
    const name = `björk ${unique()}`
    const [first] = (await detailOf(owner, { artists: [name] })).artists
    const [again] = (await detailOf(owner, { artists: [vary(name)] })).artists
    expect(again).toEqual(first)
    expect(first?.name).toBe(name)
  })

  it('with other letters are others', async () => {
    const owner = await signIn({ role: 'artist' })
    const suffix = unique()
    const [umlaut] = (await detailOf(owner, { artists: [`Björk ${suffix}`] })).artists
    const [plain] = (await detailOf(owner, { artists: [`Bjork ${suffix}`] })).artists
    expect(plain?.id).not.toBe(umlaut?.id)
  })

  it('count once where they are named first, as they are written there', async () => {
    const owner = await signIn({ role: 'artist' })
    const [ada, grace] = [`Ada ${unique()}`, `Grace ${unique()}`]
    const tags = { artists: [ada, grace, ada.toUpperCase()], genres: ['Folk', 'Jazz', 'FOLK'] }
    const detail = await detailOf(owner, tags)
    expect(detail.artists.map((artist) => artist.name)).toEqual([ada, grace])
    expect(detail.genres).toEqual(['Folk', 'Jazz'])
  })

  it('whose name looks like SQL or JSON are artists like others', async () => {
    const owner = await signIn({ role: 'artist' })
    const names = [`x'); drop table tracks; --`, '{"a":[1]}', '[]', 'null', '🎧', '1']
    expect((await detailOf(owner, { artists: names })).artists.map((artist) => artist.name)).toEqual(names)
  })

  it('are sorted without their article', async () => {
    const owner = await signIn({ role: 'artist' })
    const suffix = unique()
    const name = `The Lamplighters ${suffix}`
    await readyTrack(owner, { artists: [name] })
    const page = await send('GET', '/v1/artists?limit=200', { headers: owner.headers })
    const { items } = await page.json<{ items: { name: string; sortName: string }[] }>()
    expect(items.find((artist) => artist.name === name)?.sortName).toBe(`lamplighters ${suffix}`)
  })
})

describe('releases', () => {
  it('are found again by title and album artist, whatever their case', async () => {
    const owner = await signIn({ role: 'artist' })
    const album = `First Light ${unique()}`
    const first = await detailOf(owner, { album, albumArtists: ['Ada'] })
    const again = await detailOf(owner, { album: ` ${album.toUpperCase()}`, albumArtists: ['ADA'] })
    expect(again.release).toEqual(first.release)
    const other = await detailOf(owner, { album, albumArtists: ['Grace'] })
    expect(other.release?.id).not.toBe(first.release?.id)
  })

  it('of two owners never mix, though their artists are the same', async () => {
    const [mine, theirs] = [await signIn({ role: 'artist' }), await signIn({ role: 'artist' })]
    const tags = { album: `First Light ${unique()}`, artists: [`Ada ${unique()}`] }
    const [first, second] = [await detailOf(mine, tags), await detailOf(theirs, tags)]
    expect(second.artists).toEqual(first.artists)
    expect(second.release?.title).toBe(first.release?.title)
    expect(second.release?.id).not.toBe(first.release?.id)
  })
})

describe('the same content', () => {
  it('arriving ten times at once is one track, one artist and one release', async () => {
    const owner = await signIn({ role: 'artist' })
    const tags = { artists: [`Ada ${unique()}`], album: unique(), genres: [unique()] }
    const hash = randomHash()
    const before = await Promise.all(
      ['artists', 'releases', 'genres', 'track_artists', 'processing'].map(count),
    )
    const seeded = await Promise.all(Array.from({ length: 10 }, () => seedTrack(owner, tags, hash)))
    expect(new Set(seeded.map((track) => track.trackId)).size).toBe(1)
    const after = await Promise.all(
      ['artists', 'releases', 'genres', 'track_artists', 'processing'].map(count),
    )
    expect(after.map((n, index) => (n ?? 0) - (before[index] ?? 0))).toEqual([1, 1, 1, 1, 1])
  })

  it('of two owners is two tracks', async () => {
    const hash = randomHash()
    const mine = await seedTrack(await signIn({ role: 'artist' }), {}, hash)
    const theirs = await seedTrack(await signIn({ role: 'artist' }), {}, hash)
    expect(theirs.trackId).not.toBe(mine.trackId)
  })
})
