import { and, asc, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import { accounts } from '../auth/schema.ts'
import { accountPk } from '../auth/service.ts'
import type { Db } from '../platform/db.ts'
import {
  artists,
  processing,
  releaseArtists,
  releases,
  trackArtists,
  trackLyrics,
  trackMedia,
  tracks,
} from './schema.ts'

const trackColumns = {
  pk: tracks.pk,
  id: tracks.id,
  title: tracks.title,
  status: tracks.status,
  durationMs: tracks.durationMs,
  discNumber: tracks.discNumber,
  trackNumber: tracks.trackNumber,
  isrc: tracks.isrc,
  releaseDate: tracks.releaseDate,
  isDamaged: tracks.isDamaged,
  createdAt: tracks.createdAt,
  artists: namesOf(sql`track_artists held, artists where held.track_pk = ${tracks.pk}`),
  releaseId: releases.id,
  releaseTitle: releases.title,
  releaseCover: releases.cover,
}
export type TrackRow = Awaited<ReturnType<typeof selectTracks>>[number]

/** A JSON array of { id, name }, in order, of the artists that `held` rows point at. */
function namesOf(held: SQL) {
  return sql<string>`(select json_group_array(json_object('id', named.id, 'name', named.name)) from (
    select artists.id, artists.name from ${held} and artists.pk = held.artist_pk order by held.position) named)`
}

function selectTracks(db: Db) {
  return db.select(trackColumns).from(tracks).leftJoin(releases, eq(releases.pk, tracks.releasePk))
}

/** Which tracks a list holds. Each is served by one index. */
export type TrackFilter =
  | { kind: 'status'; status: TrackRow['status'] }
  | { kind: 'owner'; accountId: string; status?: TrackRow['status'] | undefined }

/** Newest first. */
export async function listTracks(
  db: Db,
  filter: TrackFilter,
  beforePk: number | null,
  count: number,
): Promise<TrackRow[]> {
  const where =
    filter.kind === 'status'
      ? eq(tracks.status, filter.status)
      : and(
          sql`${tracks.ownerPk} = ${accountPk(filter.accountId)}`,
          filter.status ? eq(tracks.status, filter.status) : undefined,
        )
  return selectTracks(db)
    .where(and(where, beforePk === null ? undefined : lt(tracks.pk, beforePk)))
    .orderBy(desc(tracks.pk))
    .limit(count)
}

/** A release's ready tracks in playing order, after [disc, track, pk]. */
export async function listReleaseTracks(
  db: Db,
  releaseId: string,
  after: readonly [number, number, number] | null,
  count: number,
): Promise<TrackRow[]> {
  return selectTracks(db)
    .where(
      and(
        sql`${tracks.releasePk} = (select pk from releases where id = ${releaseId})`,
        eq(tracks.status, 'ready'),
        after === null
          ? undefined
          : sql`(${tracks.discNumber}, ${tracks.trackNumber}, ${tracks.pk}) > (${after[0]}, ${after[1]}, ${after[2]})`,
      ),
    )
    .orderBy(asc(tracks.discNumber), asc(tracks.trackNumber), asc(tracks.pk))
    .limit(count)
}

/** An artist's ready tracks, newest first. */
export async function listArtistTracks(
  db: Db,
  artistId: string,
  beforePk: number | null,
  count: number,
): Promise<TrackRow[]> {
  return db
    .select(trackColumns)
    .from(trackArtists)
    .innerJoin(tracks, eq(tracks.pk, trackArtists.trackPk))
    .leftJoin(releases, eq(releases.pk, tracks.releasePk))
    .where(
      and(
        sql`${trackArtists.artistPk} = (select pk from artists where id = ${artistId})`,
        eq(tracks.status, 'ready'),
        beforePk === null ? undefined : lt(trackArtists.trackPk, beforePk),
      ),
    )
    .orderBy(desc(trackArtists.trackPk))
    .limit(count)
}

export async function findTrack(db: Db, trackId: string) {
  const [row] = await db
    .select({
      ...trackColumns,
      ownerId: accounts.id,
      sourceFormat: tracks.sourceFormat,
      sourceBytes: tracks.sourceBytes,
      fileName: tracks.fileName,
      composers: sql<string>`(select json_group_array(json_object('id', named.id, 'name', named.name)) from (
        select artists.id, artists.name from track_credits held join artists on artists.pk = held.artist_pk
        where held.track_pk = ${tracks.pk} and held.role = 'composer' order by held.position) named)`,
      genres: sql<string>`(select json_group_array(name) from (select genres.name from track_genres held
        join genres on genres.pk = held.genre_pk where held.track_pk = ${tracks.pk} order by held.position))`,
      lyricsPlain: trackLyrics.plain,
      lyricsSynced: trackLyrics.synced,
      stage: processing.stage,
      percent: processing.percent,
      failures: processing.failures,
      failureCode: processing.failureCode,
      failureDetail: processing.failureDetail,
      integratedLufs: trackMedia.integratedLufs,
      trackGainDb: trackMedia.trackGainDb,
      truePeakDbtp: trackMedia.truePeakDbtp,
      albumGainDb: releases.albumGainDb,
    })
    .from(tracks)
    .innerJoin(accounts, eq(accounts.pk, tracks.ownerPk))
    .innerJoin(processing, eq(processing.trackPk, tracks.pk))
    .leftJoin(releases, eq(releases.pk, tracks.releasePk))
    .leftJoin(trackLyrics, eq(trackLyrics.trackPk, tracks.pk))
    .leftJoin(trackMedia, eq(trackMedia.trackPk, tracks.pk))
    .where(eq(tracks.id, trackId))
  return row ?? null
}
export type TrackDetailRow = NonNullable<Awaited<ReturnType<typeof findTrack>>>

/** What a play needs of a ready track; null where it is not ready or not there. */
export async function findMedia(db: Db, trackId: string) {
  const [row] = await db
    .select({ descriptor: trackMedia.descriptor, albumGainDb: releases.albumGainDb })
    .from(tracks)
    .innerJoin(trackMedia, eq(trackMedia.trackPk, tracks.pk))
    .leftJoin(releases, eq(releases.pk, tracks.releasePk))
    .where(and(eq(tracks.id, trackId), eq(tracks.status, 'ready')))
  return row ?? null
}

const releaseColumns = {
  pk: releases.pk,
  id: releases.id,
  title: releases.title,
  releaseDate: releases.releaseDate,
  cover: releases.cover,
  albumLufs: releases.albumLufs,
  albumGainDb: releases.albumGainDb,
  createdAt: releases.createdAt,
  artists: namesOf(sql`release_artists held, artists where held.release_pk = ${releases.pk}`),
}
export type ReleaseRow = Awaited<ReturnType<typeof listReleases>>[number]

/** Releases with a ready track, newest first. */
export async function listReleases(db: Db, beforePk: number | null, count: number) {
  return db
    .select(releaseColumns)
    .from(releases)
    .where(and(eq(releases.isPublic, true), beforePk === null ? undefined : lt(releases.pk, beforePk)))
    .orderBy(desc(releases.pk))
    .limit(count)
}

/** An artist's releases with a ready track, newest first. */
export async function listArtistReleases(db: Db, artistId: string, beforePk: number | null, count: number) {
  return db
    .select(releaseColumns)
    .from(releaseArtists)
    .innerJoin(releases, eq(releases.pk, releaseArtists.releasePk))
    .where(
      and(
        sql`${releaseArtists.artistPk} = (select pk from artists where id = ${artistId})`,
        eq(releases.isPublic, true),
        beforePk === null ? undefined : lt(releaseArtists.releasePk, beforePk),
      ),
    )
    .orderBy(desc(releaseArtists.releasePk))
    .limit(count)
}

export async function findRelease(db: Db, releaseId: string): Promise<ReleaseRow | null> {
  const [row] = await db
    .select(releaseColumns)
    .from(releases)
    .where(and(eq(releases.id, releaseId), eq(releases.isPublic, true)))
  return row ?? null
}

const artistColumns = {
  pk: artists.pk,
  id: artists.id,
  name: artists.name,
  sortName: artists.sortName,
  createdAt: artists.createdAt,
}
export type ArtistRow = Awaited<ReturnType<typeof listArtists>>[number]

/** Artists with something ready, by sort name, after [sort name, pk]. */
export async function listArtists(db: Db, after: [string, number] | null, count: number) {
  return db
    .select(artistColumns)
    .from(artists)
    .where(
      and(
        eq(artists.isPublic, true),
        after === null ? undefined : sql`(${artists.sortName}, ${artists.pk}) > (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(asc(artists.sortName), asc(artists.pk))
    .limit(count)
}

export async function findArtist(db: Db, artistId: string): Promise<ArtistRow | null> {
  const [row] = await db
    .select(artistColumns)
    .from(artists)
    .where(and(eq(artists.id, artistId), eq(artists.isPublic, true)))
  return row ?? null
}

/** What deleting a track has to know; null where it is not there. */
export async function findForDeletion(db: Db, trackId: string) {
  const [row] = await db
    .select({ pk: tracks.pk, ownerId: accounts.id, sourceKey: tracks.sourceKey, releasePk: tracks.releasePk })
    .from(tracks)
    .innerJoin(accounts, eq(accounts.pk, tracks.ownerPk))
    .where(eq(tracks.id, trackId))
  return row ?? null
}

/** The statements that remove a track's rows, children first. */
export function deleteTrackRows(db: Db, trackPk: number) {
  return [
    db.run(sql`delete from track_artists where track_pk = ${trackPk}`),
    db.run(sql`delete from track_credits where track_pk = ${trackPk}`),
    db.run(sql`delete from track_genres where track_pk = ${trackPk}`),
    db.run(sql`delete from track_lyrics where track_pk = ${trackPk}`),
    db.run(sql`delete from track_media where track_pk = ${trackPk}`),
    db.run(sql`delete from processing where track_pk = ${trackPk}`),
    db.run(sql`delete from tracks where pk = ${trackPk}`),
  ] as const
}

/** The statements that remove a release without tracks, and hide artists of whom nothing ready is left. */
export function tidyAfterDeletion(db: Db, releasePk: number | null, artistPks: number[]) {
  return [
    db.run(sql`delete from release_artists where release_pk = ${releasePk}
      and not exists (select 1 from tracks where release_pk = ${releasePk})`),
    db.run(sql`delete from releases where pk = ${releasePk}
      and not exists (select 1 from tracks where release_pk = ${releasePk})`),
    db.run(sql`update releases set is_public = 0 where pk = ${releasePk}
      and not exists (select 1 from tracks where release_pk = ${releasePk} and status = 'ready')`),
    db.run(sql`update artists set is_public = 0
      where pk in (select value from json_each(${JSON.stringify(artistPks)}))
        and not exists (select 1 from track_artists held join tracks on tracks.pk = held.track_pk
          where held.artist_pk = artists.pk and tracks.status = 'ready')
        and not exists (select 1 from release_artists held join releases on releases.pk = held.release_pk
          where held.artist_pk = artists.pk and releases.is_public = 1)`),
  ] as const
}

/** The artists that a track and its release stand under. */
export async function artistPksOf(db: Db, trackPk: number): Promise<number[]> {
  const rows = await db.all<{
    pk: number
  }>(sql`select artist_pk as pk from track_artists where track_pk = ${trackPk}
    union all select artist_pk from release_artists where release_pk = (select release_pk from tracks where pk = ${trackPk})`)
  return rows.map((row) => row.pk)
}
