import { and, eq, sql } from 'drizzle-orm'
import { accountPk } from '../auth/service.ts'
import type { Db } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { SourceFormat } from '../transcoding/protocol.ts'
import { insertNamed, insertRelease, insertTrack, linkTrack } from './ingest-queries.ts'
import { matchKeyOf, releaseKeyOf } from './names.ts'
import { processing, tracks } from './schema.ts'
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

/** How long the sweep waits before it sends a fresh row again, in milliseconds. */
export const RESEND_AFTER_MS = 60_000

export const UNKNOWN_ARTIST = 'Unknown artist'

/**
 * Makes the track, and the artists, genres and release that its tags name and that do not stand yet, in one
 * batch. UNIQUE (owner, hash) decides between two of the same: the later one gets the earlier one's id.
 * @returns the track's id, whether it is new, and the ticket for its queue message
 */
export async function createTrackFromFile(
  db: Db,
  file: SourceFile,
  nowMs: number,
): Promise<{ trackId: string; isNew: boolean; sourceKey: string; ticket: number }> {
  const trackId = newId('track')
  const ticket = nowMs + RESEND_AFTER_MS
  const credits = creditsOf(file)
  const [first, ...rest] = [
    ...insertNamed(db, credits.everyArtist, credits.genres, nowMs),
    ...(credits.release ? insertRelease(db, file.ownerAccountId, credits.release, nowMs) : []),
    insertTrack(db, trackId, file, credits.release?.matchKey ?? null, nowMs),
    ...linkTrack(db, trackId, credits, file.tags, { queuedAt: nowMs, dueAt: ticket }),
  ]
  if (first) await db.batch([first, ...rest])
  const [track] = await db
    .select({ id: tracks.id, sourceKey: tracks.sourceKey, dueAt: processing.dueAt })
    .from(tracks)
    .innerJoin(processing, eq(processing.trackPk, tracks.pk))
    .where(
      and(sql`${tracks.ownerPk} = ${accountPk(file.ownerAccountId)}`, eq(tracks.sourceHash, file.sourceHash)),
    )
  if (!track) throw new Error('the track that was just written is not there')
  return {
    trackId: track.id,
    isNew: track.id === trackId,
    sourceKey: track.sourceKey,
    ticket: track.dueAt ?? ticket,
  }
}

export type Credits = ReturnType<typeof creditsOf>

/** The names of a file's tags, each once by its match key, with what stands in where one is missing. */
function creditsOf(file: SourceFile) {
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

function distinct(names: string[]): string[] {
  return [
    ...new Map(names.map((name) => [matchKeyOf(name), name] as const).toReversed()).values(),
  ].toReversed()
}
