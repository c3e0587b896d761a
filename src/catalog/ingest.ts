import { and, eq, sql } from 'drizzle-orm'
import { accountPk } from '../auth/service.ts'
import type { Db } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { insertNamed, insertRelease, insertTrack, linkTrack } from './ingest-queries.ts'
import { processing, tracks } from './schema.ts'
import { creditsOf, type SourceFile } from './source-file.ts'

/** How long the sweep waits before it sends a fresh row again, in milliseconds. */
export const RESEND_AFTER_MS = 60_000

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
