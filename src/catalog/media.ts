import { z } from 'zod'
import { manifestSchema, outputNameSchema, renditionSchema } from '../transcoding/protocol.ts'

/** One stored file of a ready track. `etag` is R2's, quoted; `uploadedAt` is epoch milliseconds. */
export const mediaFileSchema = z.object({
  bytes: z.int().positive(),
  etag: z.string().regex(/^"[^"]+"$/),
  uploadedAt: z.int(),
})

/**
 * All that playing a track needs, as `track_media.descriptor` keeps it: no part of it changes while the files
 * under its prefix stand.
 */
export const mediaDescriptorSchema = z.object({
  prefix: z.string(),
  durationMs: z.int().positive(),
  renditions: z.array(renditionSchema).min(1),
  files: z.partialRecord(outputNameSchema, mediaFileSchema),
  loudness: manifestSchema.shape.loudness.omit({ histogram: true }),
  waveform: manifestSchema.shape.waveform,
  preview: manifestSchema.shape.preview,
  cover: manifestSchema.shape.cover,
})
export type MediaDescriptor = z.infer<typeof mediaDescriptorSchema>

/** Where the files of one run lie: a run that an admin asks for writes beside the one that is playing, not over it. */
export function renditionPrefix(trackId: string, sourceHash: string, profile: string, run: number): string {
  return `${trackPrefix(trackId)}${sourceHash}/${run === 0 ? profile : `${profile}.${run}`}/`
}

/** Everything that was ever made of a track lies under this prefix. */
export function trackPrefix(trackId: string): string {
  return `renditions/${trackId}/`
}
