import { z } from 'zod'
import { requireActive, type SuspensionDeps } from '../auth/suspension.ts'
import { type MediaDescriptor, mediaDescriptorSchema } from '../catalog/media.ts'
import { readMedia } from '../catalog/service.ts'
import type { Db } from '../platform/db.ts'
import type { EdgeObject } from '../platform/edge.ts'
import { ProblemError } from '../platform/errors.ts'
import { snapshotOf } from '../platform/snapshot.ts'
import { OUTPUT_TYPES, type OutputName, type RenditionName } from '../transcoding/protocol.ts'
import type { MediaGrant } from './media-token.ts'
import { byQuality, isWithin, type Quality, qualityOf, renditionsUpTo } from './quality.ts'

/** What every media request checks, at most this old: so a deletion or a suspension acts everywhere within 30 s. */
const MAX_AGE_MS = 15_000

const playableSchema = mediaDescriptorSchema.extend({ albumGainDb: z.number().nullable() }).nullable()
export type Playable = NonNullable<z.infer<typeof playableSchema>>

const trackSnapshot = snapshotOf('tracks', MAX_AGE_MS, (value) => playableSchema.parse(value))

export type StreamingDeps = SuspensionDeps & {
  /** Opens D1 only where a snapshot has to be loaded. */
  openDb: () => Db
}

/**
 * The track as it may be played now.
 * @throws ProblemError `not_found` where it is not ready or gone, `account_suspended`
 */
export async function playableTrack(
  deps: StreamingDeps,
  trackId: string,
  accountId: string,
): Promise<Playable> {
  const { cache, waitUntil, nowMs } = deps
  const load = () => readMedia(deps.openDb(), trackId)
  const [track] = await Promise.all([
    trackSnapshot.get({ cache, waitUntil, load }, trackId, nowMs),
    requireActive(deps, accountId),
  ])
  if (!track) throw new ProblemError('not_found', 'No track that is ready has this id.')
  return track
}

/**
 * The object behind a media file name.
 * @throws ProblemError `not_found`, `quality_not_allowed`
 */
export function mediaObject(
  track: MediaDescriptor,
  fileName: OutputName,
  grant: Pick<MediaGrant, 'ceiling'>,
): EdgeObject {
  const file = track.files[fileName]
  if (!file) throw new ProblemError('not_found', 'The track has no such file.')
  const rendition = track.renditions.find(({ name }) => fileName === `${name}.mp4`)
  if (rendition) requireQuality(rendition.name, grant.ceiling)
  const extension = fileName.slice(fileName.lastIndexOf('.') + 1) as keyof typeof OUTPUT_TYPES
  return {
    key: track.prefix + fileName,
    bytes: file.bytes,
    etag: file.etag,
    lastModified: new Date(file.uploadedAt),
    mimeType: OUTPUT_TYPES[extension],
  }
}

/** @throws ProblemError `quality_not_allowed` */
export function requireQuality(rendition: RenditionName, ceiling: Quality): void {
  if (!isWithin(qualityOf(rendition), ceiling)) {
    throw new ProblemError('quality_not_allowed', `The plan allows quality up to ${ceiling}.`)
  }
}

/** The best rendition at or below both the asked quality and the ceiling. The ladder always has one. */
export function bestRendition(track: MediaDescriptor, asked: Quality, ceiling: Quality) {
  const best = byQuality(renditionsUpTo(renditionsUpTo(track.renditions, ceiling), asked)).at(-1)
  if (!best) throw new ProblemError('not_found', 'The track has no rendition of this quality.')
  return best
}
