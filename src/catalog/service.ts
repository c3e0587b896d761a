import { z } from 'zod'
import type { Db } from '../platform/db.ts'
import { ProblemError } from '../platform/errors.ts'
import { recordEvent } from '../platform/outbox.ts'
import { decodeCursor, toPage } from '../platform/pagination.ts'
import type { Caller } from '../platform/tokens.ts'
import { mediaDescriptorSchema } from './media.ts'
import * as queries from './queries.ts'

type PageRequest = { limit: number; cursor?: string | undefined }
export type TrackListRequest = PageRequest & {
  owner?: 'me' | undefined
  status?: queries.TrackRow['status'] | undefined
  releaseId?: string | undefined
  artistId?: string | undefined
}

/** Keysets begin with the name of their list, so that the cursor of another one is refused. */
const trackKeyset = z.tuple([z.literal('tracks'), z.int()])
const releaseTrackKeyset = z.tuple([z.literal('release-tracks'), z.int(), z.int(), z.int()])
const releaseKeyset = z.tuple([z.literal('releases'), z.int()])
const artistKeyset = z.tuple([z.literal('artists'), z.string(), z.int()])

/**
 * A page of tracks: everybody's ready ones, one's own in any state, those of a release in playing order or those of an
 * artist. Admins may list everybody's by state.
 * @throws ProblemError `unsupported_combination`, `forbidden`, `invalid_cursor`
 */
export async function listTracks(db: Db, caller: Caller, request: TrackListRequest) {
  const { limit, cursor, owner, status, releaseId, artistId } = request
  if ([owner, releaseId, artistId].filter(Boolean).length > 1 || (status && (releaseId || artistId))) {
    throw new ProblemError(
      'unsupported_combination',
      'Filter by owner (and status), by status, by release or by artist.',
    )
  }
  if (releaseId) {
    const after = decodeCursor(cursor, releaseTrackKeyset)
    const position = after && ([after[1], after[2], after[3]] as const)
    const rows = await queries.listReleaseTracks(db, releaseId, position, limit + 1)
    return toPage(rows, limit, (row) => ['release-tracks', row.discNumber, row.trackNumber, row.pk])
  }
  const before = decodeCursor(cursor, trackKeyset)?.[1] ?? null
  const rows = artistId
    ? await queries.listArtistTracks(db, artistId, before, limit + 1)
    : await queries.listTracks(db, trackFilter(caller, owner, status), before, limit + 1)
  return toPage(rows, limit, (row) => ['tracks', row.pk])
}

function trackFilter(
  caller: Caller,
  owner: 'me' | undefined,
  status: queries.TrackRow['status'] | undefined,
): queries.TrackFilter {
  if (owner) return { kind: 'owner', accountId: caller.accountId, status }
  if (status && status !== 'ready' && caller.role !== 'admin') {
    throw new ProblemError(
      'forbidden',
      'Only admins list the unfinished tracks of everybody; add owner=me for your own.',
    )
  }
  return { kind: 'status', status: status ?? 'ready' }
}

/** True where the caller may know of a track that is not ready, and delete it. */
function isKeeper(caller: Caller, ownerId: string): boolean {
  return caller.role === 'admin' || caller.accountId === ownerId
}

/**
 * One track. Until it is ready only its owner and admins see it.
 * @throws ProblemError `not_found`
 */
export async function readTrack(db: Db, caller: Caller, trackId: string) {
  const row = await queries.findTrack(db, trackId)
  if (!row || (row.status !== 'ready' && !isKeeper(caller, row.ownerId))) throw noTrack()
  return { row, isKeeper: isKeeper(caller, row.ownerId) }
}

/**
 * Deletes a track. Its files go when the event is consumed, and nobody finds them until then.
 * @throws ProblemError `not_found` also where it is somebody else's
 */
export async function deleteTrack(db: Db, caller: Caller, trackId: string, nowMs: number): Promise<void> {
  const track = await queries.findForDeletion(db, trackId)
  if (!track || !isKeeper(caller, track.ownerId)) throw noTrack()
  const artistPks = await queries.artistPksOf(db, track.pk)
  await db.batch([
    ...queries.deleteTrackRows(db, track.pk),
    ...queries.tidyAfterDeletion(db, track.releasePk, artistPks),
    recordEvent(
      db,
      'track.deleted',
      { trackId, sourceKey: track.sourceKey, releasePk: track.releasePk },
      nowMs,
    ),
  ])
}

/** What a play needs of a ready track; null where it is not ready or not there. */
export async function readMedia(db: Db, trackId: string) {
  const row = await queries.findMedia(db, trackId)
  return row && { ...mediaDescriptorSchema.parse(JSON.parse(row.descriptor)), albumGainDb: row.albumGainDb }
}

/** A page of releases with a ready track, newest first; of everybody or of one artist. */
export async function listReleases(db: Db, request: PageRequest & { artistId?: string | undefined }) {
  const before = decodeCursor(request.cursor, releaseKeyset)?.[1] ?? null
  const rows = request.artistId
    ? await queries.listArtistReleases(db, request.artistId, before, request.limit + 1)
    : await queries.listReleases(db, before, request.limit + 1)
  return toPage(rows, request.limit, (row) => ['releases', row.pk])
}

/** @throws ProblemError `not_found` */
export async function readRelease(db: Db, releaseId: string) {
  const row = await queries.findRelease(db, releaseId)
  if (!row) throw new ProblemError('not_found', 'No release has this id.')
  return row
}

/** A page of artists with something ready, by sort name. */
export async function listArtists(db: Db, request: PageRequest) {
  const after = decodeCursor(request.cursor, artistKeyset)
  const rows = await queries.listArtists(db, after && [after[1], after[2]], request.limit + 1)
  return toPage(rows, request.limit, (row) => ['artists', row.sortName, row.pk])
}

/** @throws ProblemError `not_found` */
export async function readArtist(db: Db, artistId: string) {
  const row = await queries.findArtist(db, artistId)
  if (!row) throw new ProblemError('not_found', 'No artist has this id.')
  return row
}

function noTrack(): ProblemError {
  return new ProblemError('not_found', 'No track has this id.')
}
