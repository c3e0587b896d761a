import { type SQL, sql } from 'drizzle-orm'
import { accountPk } from '../auth/service.ts'
import type { Db } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { matchKeyOf, sortNameOf } from './names.ts'
import type { Credits, SourceFile } from './source-file.ts'
import type { TrackTags } from './tags.ts'

/** Statements that make artists and genres of these names where none has the name's match key. */
export function insertNamed(db: Db, artistNames: string[], genreNames: string[], nowMs: number) {
  const artistRows = artistNames.map((name) => [newId('artist'), name, sortNameOf(name), matchKeyOf(name)])
  const genreRows = genreNames.map((name) => [name, matchKeyOf(name)])
  return [
    db.run(sql`insert into artists (id, name, sort_name, match_key, created_at, updated_at)
      select value ->> 0, value ->> 1, value ->> 2, value ->> 3, ${nowMs}, ${nowMs}
      from json_each(${JSON.stringify(artistRows)}) where true on conflict (match_key) do nothing`),
    db.run(sql`insert into genres (name, match_key)
      select value ->> 0, value ->> 1
      from json_each(${JSON.stringify(genreRows)}) where true on conflict (match_key) do nothing`),
  ]
}

/** Statements that make the release where its match key is new, and name its artists. */
export function insertRelease(
  db: Db,
  ownerAccountId: string,
  release: NonNullable<Credits['release']>,
  nowMs: number,
) {
  return [
    db.run(sql`insert into releases (id, owner_pk, title, match_key, release_date, created_at, updated_at)
      values (${newId('release')}, ${accountPk(ownerAccountId)}, ${release.title}, ${release.matchKey},
        ${release.releaseDate}, ${nowMs}, ${nowMs})
      on conflict (match_key) do nothing`),
    db.run(sql`insert into release_artists (release_pk, position, artist_pk)
      select releases.pk, names.key, artists.pk
      from json_each(${JSON.stringify(release.artistKeys)}) names
      join artists on artists.match_key = names.value
      join releases on releases.match_key = ${release.matchKey}
      where true on conflict do nothing`),
  ]
}

/** The statement that makes the track, or does nothing where its owner has this content already. */
export function insertTrack(
  db: Db,
  trackId: string,
  file: SourceFile,
  releaseKey: string | null,
  nowMs: number,
) {
  const { tags } = file
  return db.run(sql`insert into tracks (id, owner_pk, source_hash, source_key, source_bytes, source_format, file_name,
      status, title, release_pk, disc_number, track_number, isrc, release_date, created_at, updated_at)
    values (${trackId}, ${accountPk(file.ownerAccountId)}, ${file.sourceHash}, ${file.sourceKey}, ${file.sourceBytes},
      ${file.sourceFormat}, ${file.fileName}, 'queued', ${tags.title},
      (select pk from releases where match_key = ${releaseKey}), ${tags.discNumber ?? 0}, ${tags.trackNumber ?? 0},
      ${tags.isrc}, ${tags.releaseDate}, ${nowMs}, ${nowMs})
    on conflict (owner_pk, source_hash) do nothing`)
}

/** Statements that hang everything onto the track; they find nothing to do where it was not inserted. */
export function linkTrack(
  db: Db,
  trackId: string,
  credits: Credits,
  tags: TrackTags,
  queue: { queuedAt: number; dueAt: number },
) {
  return [
    db.run(sql`insert into track_artists (track_pk, position, artist_pk)
      select tracks.pk, names.key, artists.pk ${artistsNamed(credits.primaryKeys)}`),
    db.run(sql`insert into track_credits (track_pk, position, artist_pk, role)
      select tracks.pk, names.key, artists.pk, 'composer' ${artistsNamed(credits.composerKeys)}`),
    db.run(sql`insert into track_genres (track_pk, position, genre_pk)
      select tracks.pk, names.key, genres.pk
      from json_each(${JSON.stringify(credits.genreKeys)}) names
      join genres on genres.match_key = names.value join tracks on tracks.id = ${trackId}`),
    db.run(sql`insert into track_lyrics (track_pk, plain, synced)
      select pk, ${tags.lyricsPlain}, ${tags.lyricsSynced} from tracks
      where id = ${trackId} and ${tags.lyricsPlain !== null || tags.lyricsSynced !== null ? 1 : 0}`),
    db.run(sql`insert into processing (track_pk, state, run, percent, attempt, failures, queued_at, due_at)
      select pk, 'queued', 0, 0, 0, 0, ${queue.queuedAt}, ${queue.dueAt} from tracks where id = ${trackId}`),
  ]

  function artistsNamed(keys: string[]): SQL {
    return sql`from json_each(${JSON.stringify(keys)}) names
      join artists on artists.match_key = names.value join tracks on tracks.id = ${trackId}`
  }
}
