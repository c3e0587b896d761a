import { z } from 'zod'

/**
 * The protocol between the Worker and the transcoder program. Both ends import this module; it knows
 * neither Cloudflare nor Node.
 *
 * The Worker asks `POST {transcoder}/jobs` with a {@link Job}. The program answers 202 (accepted), 200 (this
 * very job is running already), 429 with Retry-After (no free slot) or 400, and works on its own from there: it
 * GETs `inputUrl`, PUTs every output at `{outputUrl}/{name}` and POSTs a {@link JobEvent} to `eventsUrl`, each
 * with `Authorization: Bearer {token}`. The manifest is PUT last and is the commit mark. An answer of 410 to
 * any of these means that nobody wants this job any more: the program drops it without another word.
 */

/** Version of the ladder and the analysis. Raising it makes every track eligible for a fresh run. */
export const PROFILE = 'p1'

/** Source formats by content, and the one demuxer ffmpeg may use for each. */
export const SOURCE_FORMATS = ['mp3', 'flac', 'wav', 'aiff', 'mp4', 'ogg'] as const
export const sourceFormatSchema = z.enum(SOURCE_FORMATS)
export type SourceFormat = z.infer<typeof sourceFormatSchema>

export const RENDITION_NAMES = ['aac-64', 'aac-128', 'aac-256', 'flac'] as const
export const renditionNameSchema = z.enum(RENDITION_NAMES)
export type RenditionName = z.infer<typeof renditionNameSchema>

/** Longer sides of the cover images in pixels; a smaller original is never enlarged. */
export const COVER_SIZES = [96, 320, 640, 1280] as const
export const COVER_TYPES = ['webp', 'jpg'] as const

/** Every name that a job may write under its prefix. */
export const OUTPUT_NAMES = [
  'aac-64.mp4',
  'aac-128.mp4',
  'aac-256.mp4',
  'flac.mp4',
  'preview.mp4',
  'waveform.dat',
  'waveform.json',
  'cover-96.webp',
  'cover-96.jpg',
  'cover-320.webp',
  'cover-320.jpg',
  'cover-640.webp',
  'cover-640.jpg',
  'cover-1280.webp',
  'cover-1280.jpg',
  'manifest.json',
] as const
export const outputNameSchema = z.enum(OUTPUT_NAMES)
export type OutputName = z.infer<typeof outputNameSchema>

export const OUTPUT_TYPES: Record<'mp4' | 'dat' | 'json' | 'webp' | 'jpg', string> = {
  mp4: 'audio/mp4',
  dat: 'application/octet-stream',
  json: 'application/json',
  webp: 'image/webp',
  jpg: 'image/jpeg',
}

const httpUrl = z.url({ protocol: /^https?$/ })
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

export const jobSchema = z.object({
  trackId: z.string().min(1).max(64),
  attempt: z.int().positive(),
  sourceHash: sha256Hex,
  sourceBytes: z.int().positive(),
  format: sourceFormatSchema,
  profile: z.string().min(1).max(16),
  inputUrl: httpUrl,
  outputUrl: httpUrl,
  eventsUrl: httpUrl,
  token: z.string().min(1).max(512),
})
export type Job = z.infer<typeof jobSchema>

export const JOB_STAGES = ['fetch', 'analyse', 'encode', 'store'] as const
export const jobStageSchema = z.enum(JOB_STAGES)

/**
 * Why a source can never become a track, or why this attempt did not make it one.
 * `too_damaged`: less than 98 % of the declared samples decode.
 */
export const JOB_FAILURE_CODES = [
  'no_audio',
  'too_damaged',
  'too_long',
  'unsupported_codec',
  'source_unavailable',
  'transcoder_error',
] as const
export const jobFailureCodeSchema = z.enum(JOB_FAILURE_CODES)
export type JobFailureCode = z.infer<typeof jobFailureCodeSchema>

/** Sent at least every 10 s while a job runs, so that the row's heartbeat stays fresh. `percent` is 0 to 100 over the whole job. */
export const jobEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), stage: jobStageSchema, percent: z.number().min(0).max(100) }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('failed'),
    code: jobFailureCodeSchema,
    detail: z.string().max(500),
    isRetryable: z.boolean(),
  }),
])
export type JobEvent = z.infer<typeof jobEventSchema>

/**
 * One fragment of a rendition, from its `sidx` box: [bytes, duration in `timescale` units].
 * The first fragment starts at `initBytes`.
 */
const segmentSchema = z.tuple([z.int().positive(), z.int().positive()])

export const renditionSchema = z.object({
  name: renditionNameSchema,
  /** RFC 6381 codecs parameter. */
  codec: z.enum(['mp4a.40.2', 'fLaC']),
  bytes: z.int().positive(),
  /** Mean over the file and peak over a segment, in bits per second (RFC 8216 AVERAGE-BANDWIDTH and BANDWIDTH). */
  bitrateBps: z.int().positive(),
  peakBitrateBps: z.int().positive(),
  sampleRate: z.int().positive(),
  channels: z.int().positive(),
  timescale: z.int().positive(),
  /** Bytes of everything before the first fragment (ftyp, moov and sidx); EXT-X-MAP covers the first `mapBytes` of it (ftyp and moov). */
  initBytes: z.int().positive(),
  mapBytes: z.int().positive(),
  segments: z.array(segmentSchema).min(1).max(50_000),
})
export type Rendition = z.infer<typeof renditionSchema>

export const loudnessSchema = z.object({
  /** EBU R 128 integrated loudness; null where every block is below the absolute gate of -70 LUFS (silence). */
  integratedLufs: z.number().nullable(),
  rangeLu: z.number().nonnegative(),
  truePeakDbtp: z.number().nullable(),
  /** ReplayGain 2.0: -18 LUFS - integrated, clamped so that gain + true peak <= -1 dBTP; null for silence. */
  trackGainDb: z.number().nullable(),
  /**
   * Momentary loudness (400 ms blocks, one each 100 ms) in bins of 0.1 LU, as pairs [bin, count] with ascending bins:
   * bin b holds the blocks of [-70 + b / 10, -70 + (b + 1) / 10) LUFS. Blocks below -70 LUFS are left out.
   * Pooling the histograms of a release gives its exact album loudness.
   */
  histogram: z.array(z.tuple([z.int().min(0).max(1000), z.int().positive()])).max(1001),
})
export type Loudness = z.infer<typeof loudnessSchema>

export const manifestSchema = z.object({
  version: z.literal(1),
  trackId: z.string(),
  sourceHash: sha256Hex,
  profile: z.string(),
  source: z.object({
    codec: z.string().max(64),
    sampleRate: z.int().positive(),
    channels: z.int().positive(),
    bitDepth: z.int().positive().nullable(),
    isLossless: z.boolean(),
  }),
  /** Exact count of decoded samples per channel at the source's rate. */
  samples: z.int().positive(),
  durationMs: z.int().positive(),
  /** The decoder's first complaint where the file is playable but not whole. */
  damage: z.string().max(500).nullable(),
  loudness: loudnessSchema,
  renditions: z.array(renditionSchema).min(1).max(RENDITION_NAMES.length),
  preview: z.object({
    bytes: z.int().positive(),
    startMs: z.int().nonnegative(),
    durationMs: z.int().positive(),
  }),
  waveform: z.object({ points: z.int().positive(), samplesPerPoint: z.int().positive() }),
  /** `sizes` lists the widths of COVER_SIZES that were written; `colour` is the dominant one as #rrggbb. */
  cover: z
    .object({
      sizes: z.array(z.int()).min(1),
      width: z.int().positive(),
      height: z.int().positive(),
      colour: z.string().regex(/^#[0-9a-f]{6}$/),
    })
    .nullable(),
  /** Why an embedded cover was left out, where one was found and refused. */
  coverProblem: z.string().max(200).nullable(),
  /** Chromaprint's raw fingerprint, 32-bit words; null where no fpcalc is at hand ("unavailable"). */
  fingerprint: z.array(z.int()).max(20_000).nullable(),
})
export type Manifest = z.infer<typeof manifestSchema>
