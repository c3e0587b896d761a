import type { SourceFormat } from '../transcoding/protocol.ts'
import { matchKeyOf, releaseKeyOf } from './names.ts'
import type { TrackTags } from './tags.ts'

/** A stored original whose content is known. `sourceHash` is its SHA-256 in hex, `sourceKey` its R2 key. */
export type SourceFile = {
  ownerAccountId: string
  sourceHash: string
  sourceKey: string
  sourceBytes: number
  sourceFormat: SourceFormat
  fileName: string
  tags: TrackTags
}

export const UNKNOWN_ARTIST = 'Unknown artist'

export type Credits = ReturnType<typeof creditsOf>

/** The names of a file's tags, each once by its match key, with what stands in where one is missing. */
export function creditsOf(file: SourceFile) {
  const { tags } = file
  const artists = distinct(tags.artists.length > 0 ? tags.artists : tags.albumArtists)
  const primary = artists.length > 0 ? artists : [UNKNOWN_ARTIST]
  const albumArtists = tags.albumArtists.length > 0 ? distinct(tags.albumArtists) : primary
  const composers = distinct(tags.composers)
  const release = tags.album && {
    title: tags.album,
    matchKey: releaseKeyOf(file.ownerAccountId, albumArtists, tags.album),
    releaseDate: tags.releaseDate,
    artistKeys: albumArtists.map(matchKeyOf),
  }
  return {
    everyArtist: distinct([...primary, ...(release ? albumArtists : []), ...composers]),
    genres: distinct(tags.genres),
    primaryKeys: primary.map(matchKeyOf),
    composerKeys: composers.map(matchKeyOf),
    genreKeys: distinct(tags.genres).map(matchKeyOf),
    release: release || null,
  }
}

/** Each name once, where and as it stands first. */
function distinct(names: string[]): string[] {
  const byKey = new Map<string, string>()
  for (const name of names) {
    const key = matchKeyOf(name)
    if (!byKey.has(key)) byKey.set(key, name)
  }
  return [...byKey.values()]
}
