import { z } from 'zod'

/** Bounds of what a tag may hold; a longer value is cut, not refused. */
export const TAG_LIMITS = { text: 500, lyrics: 100_000, names: 50 } as const

/** What a file's tags say, cleaned: no controls, no direction overrides, trimmed, cut to the limits. */
export const trackTagsSchema = z.object({
  title: z.string().min(1).max(TAG_LIMITS.text),
  artists: z.array(z.string().min(1).max(TAG_LIMITS.text)).max(TAG_LIMITS.names),
  album: z.string().min(1).max(TAG_LIMITS.text).nullable(),
  albumArtists: z.array(z.string().min(1).max(TAG_LIMITS.text)).max(TAG_LIMITS.names),
  composers: z.array(z.string().min(1).max(TAG_LIMITS.text)).max(TAG_LIMITS.names),
  genres: z.array(z.string().min(1).max(TAG_LIMITS.text)).max(TAG_LIMITS.names),
  trackNumber: z.int().min(1).max(9999).nullable(),
  discNumber: z.int().min(1).max(999).nullable(),
  /** YYYY, YYYY-MM or YYYY-MM-DD. */
  releaseDate: z
    .string()
    .regex(/^\d{4}(-\d{2}(-\d{2})?)?$/)
    .nullable(),
  isrc: z
    .string()
    .regex(/^[A-Z]{2}[A-Z0-9]{3}\d{7}$/)
    .nullable(),
  lyricsPlain: z.string().max(TAG_LIMITS.lyrics).nullable(),
  /** LRC text. */
  lyricsSynced: z.string().max(TAG_LIMITS.lyrics).nullable(),
})
export type TrackTags = z.infer<typeof trackTagsSchema>
