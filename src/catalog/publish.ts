import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../platform/db.ts'
import { guard, guarded } from '../platform/db.ts'
import { recordEvent } from '../platform/outbox.ts'
import type { Manifest } from '../transcoding/protocol.ts'
import { type Histogram, pooledLoudness, replayGain } from './loudness.ts'
import type { MediaDescriptor } from './media.ts'
import type { ProcessingRow } from './processing.ts'
import { processing, releases, trackMedia, tracks } from './schema.ts'

/**
 * Makes a track playable: media row, status and end of processing in one batch, only while `attempt` is the newest.
 * The release's loudness and cover follow from the event.
 * @throws ProblemError `conflict` where a newer attempt has taken over
 */
export async function publishTrack(
  db: Db,
  row: ProcessingRow,
  manifest: Manifest,
  descriptor: MediaDescriptor,
  nowMs: number,
): Promise<void> {
  const media = {
    profile: manifest.profile,
    prefix: descriptor.prefix,
    descriptor: JSON.stringify(descriptor),
    integratedLufs: manifest.loudness.integratedLufs,
    trackGainDb: manifest.loudness.trackGainDb,
    truePeakDbtp: manifest.loudness.truePeakDbtp,
    histogram: JSON.stringify(manifest.loudness.histogram),
    publishedAt: nowMs,
  }
  const [replaced] = await db
    .select({ prefix: trackMedia.prefix })
    .from(trackMedia)
    .where(eq(trackMedia.trackPk, row.trackPk))
  const oldPrefix = replaced && replaced.prefix !== descriptor.prefix ? replaced.prefix : null
  await guarded(() =>
    db.batch([
      guard(
        db,
        sql`exists (select 1 from processing where track_pk = ${row.trackPk} and attempt = ${row.attempt})`,
      ),
      db
        .insert(trackMedia)
        .values({ trackPk: row.trackPk, ...media })
        .onConflictDoUpdate({ target: trackMedia.trackPk, set: media }),
      db
        .update(tracks)
        .set({
          status: 'ready',
          durationMs: manifest.durationMs,
          isDamaged: manifest.damage !== null,
          updatedAt: nowMs,
        })
        .where(eq(tracks.pk, row.trackPk)),
      db
        .update(processing)
        .set({
          state: 'done',
          stage: null,
          percent: 100,
          dueAt: null,
          failureCode: null,
          failureDetail: manifest.damage,
          heartbeatAt: nowMs,
        })
        .where(eq(processing.trackPk, row.trackPk)),
      ...showHoldersOf(db, row.trackPk),
      recordEvent(db, 'track.ready', { trackId: row.trackId }, nowMs),
      ...(oldPrefix
        ? [recordEvent(db, 'track.media_replaced', { trackId: row.trackId, prefix: oldPrefix }, nowMs)]
        : []),
    ]),
  )
}

/** Statements that let listeners see the artists and the release of a ready track. */
function showHoldersOf(db: Db, trackPk: number) {
  return [
    db.run(sql`update releases set is_public = 1
      where pk = (select release_pk from tracks where pk = ${trackPk})`),
    db.run(sql`update artists set is_public = 1
      where pk in (select artist_pk from track_artists where track_pk = ${trackPk}
        union all select artist_pk from release_artists where release_pk = (select release_pk from tracks where pk = ${trackPk}))`),
  ]
}

/** Derives loudness, cover and visibility of a track's release anew from the tracks that are ready. */
export async function refreshReleaseOf(db: Db, trackId: string, nowMs: number): Promise<void> {
  const [track] = await db.select({ releasePk: tracks.releasePk }).from(tracks).where(eq(tracks.id, trackId))
  if (track?.releasePk) await refreshRelease(db, track.releasePk, nowMs)
}

/** Derives loudness, cover and visibility of a release anew from the tracks that are ready. */
export async function refreshRelease(db: Db, releasePk: number, nowMs: number): Promise<void> {
  const ready = await db
    .select({
      prefix: trackMedia.prefix,
      cover: sql<string | null>`${trackMedia.descriptor} ->> '$.cover'`,
      histogram: trackMedia.histogram,
      truePeakDbtp: trackMedia.truePeakDbtp,
    })
    .from(tracks)
    .innerJoin(trackMedia, eq(trackMedia.trackPk, tracks.pk))
    .where(and(eq(tracks.releasePk, releasePk), eq(tracks.status, 'ready')))
    .orderBy(tracks.discNumber, tracks.trackNumber, tracks.pk)
  const albumLufs = pooledLoudness(ready.map((row) => JSON.parse(row.histogram) as Histogram))
  const peaks = ready.flatMap((row) => (row.truePeakDbtp === null ? [] : [row.truePeakDbtp]))
  const covered = ready.find((row) => row.cover !== null)
  await db
    .update(releases)
    .set({
      albumLufs,
      albumGainDb: replayGain(albumLufs, peaks.length > 0 ? Math.max(...peaks) : null),
      coverPrefix: covered?.prefix ?? null,
      cover: covered?.cover ?? null,
      isPublic: ready.length > 0,
      updatedAt: nowMs,
    })
    .where(eq(releases.pk, releasePk))
}
