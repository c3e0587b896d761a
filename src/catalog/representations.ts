import { z } from '@hono/zod-openapi'
import { idSchema } from '../platform/ids.ts'
import { JOB_FAILURE_CODES, JOB_STAGES, manifestSchema, SOURCE_FORMATS } from '../transcoding/protocol.ts'
import type { ArtistRow, ReleaseRow, TrackDetailRow, TrackRow } from './queries.ts'
import { TRACK_STATUSES } from './schema.ts'

const isoTime = z.iso.datetime().openapi({ example: '2026-03-01T12:00:00.000Z' })
const partialDate = z
  .string()
  .nullable()
  .openapi({ description: 'YYYY, YYYY-MM or YYYY-MM-DD: as precise as it is known.', example: '1994-05' })
const nameRef = (kind: 'artist' | 'release') => z.object({ id: idSchema(kind), name: z.string() })
const namesJson = z.array(z.object({ id: z.string(), name: z.string() }))
const coverJson = manifestSchema.shape.cover

export const coverSchema = z
  .object({
    colour: z.string().openapi({ description: 'The dominant colour.', example: '#1d3557' }),
    widthPx: z.int().openapi({ description: 'Width of the largest size in pixels.', example: 1280 }),
  })
  .nullable()
  .openapi({ description: 'What the cover looks like before it is there; playback answers its URLs.' })

export const trackSchema = z
  .object({
    id: idSchema('track'),
    title: z.string().openapi({ example: 'Morning Tide' }),
    status: z.enum(TRACK_STATUSES).openapi({ example: 'ready' }),
    durationMs: z
      .int()
      .nullable()
      .openapi({ description: 'Exact; null until the track is ready.', example: 234_507 }),
    artists: z.array(nameRef('artist')),
    release: z.object({ id: idSchema('release'), title: z.string(), cover: coverSchema }).nullable(),
    discNumber: z.int().nullable().openapi({ example: 1 }),
    trackNumber: z.int().nullable().openapi({ example: 3 }),
    isrc: z.string().nullable().openapi({ example: 'GBAYE6800011' }),
    releaseDate: partialDate,
    isDamaged: z.boolean().openapi({ description: 'Playable, but the file is not whole.' }),
    createdAt: isoTime,
  })
  .openapi('Track')

export const trackDetailSchema = trackSchema
  .extend({
    composers: z.array(nameRef('artist')),
    genres: z.array(z.string()).openapi({ example: ['Ambient'] }),
    lyrics: z.object({
      plain: z.string().nullable(),
      synced: z
        .string()
        .nullable()
        .openapi({ description: 'LRC text.', example: '[00:12.00]The tide comes in' }),
    }),
    loudness: z
      .object({
        integratedLufs: z.number().nullable().openapi({ example: -14.2 }),
        truePeakDbtp: z.number().nullable().openapi({ example: -1.1 }),
        trackGainDb: z.number().nullable().openapi({ example: -3.8 }),
        albumGainDb: z.number().nullable().openapi({ example: -4.1 }),
      })
      .nullable()
      .openapi({
        description: 'EBU R 128; gains to -18 LUFS (ReplayGain 2.0). Null until the track is ready.',
      }),
    processing: z
      .object({
        percent: z.number().min(0).max(100).openapi({ example: 42 }),
        stage: z.enum(JOB_STAGES).nullable(),
        failedAttempts: z
          .int()
          .openapi({ description: 'Waiting for a free transcoder is no failure.', example: 0 }),
        failure: z
          .object({ code: z.enum(JOB_FAILURE_CODES), detail: z.string() })
          .nullable()
          .openapi({ description: 'Why the last attempt failed.' }),
        damage: z
          .string()
          .nullable()
          .openapi({ description: 'What is wrong with a file that plays nevertheless.' }),
        source: z.object({ format: z.enum(SOURCE_FORMATS), bytes: z.int(), fileName: z.string() }),
      })
      .nullable()
      .openapi({ description: 'Only for the owner and admins.' }),
  })
  .openapi('TrackDetail')

export const releaseSchema = z
  .object({
    id: idSchema('release'),
    title: z.string().openapi({ example: 'First Light' }),
    artists: z.array(nameRef('artist')),
    releaseDate: partialDate,
    cover: coverSchema,
    loudness: z.object({ integratedLufs: z.number().nullable(), albumGainDb: z.number().nullable() }),
    createdAt: isoTime,
  })
  .openapi('Release')

export const artistSchema = z
  .object({
    id: idSchema('artist'),
    name: z.string().openapi({ example: 'The Lighthouse Ensemble' }),
    sortName: z.string().openapi({ example: 'lighthouse ensemble' }),
    createdAt: isoTime,
  })
  .openapi('Artist')

export function toTrack(row: TrackRow): z.infer<typeof trackSchema> {
  return {
    id: row.id,
    title: row.title,
    status: row.status,
    durationMs: row.durationMs,
    artists: namesJson.parse(JSON.parse(row.artists)),
    release:
      row.releaseId !== null && row.releaseTitle !== null
        ? { id: row.releaseId, title: row.releaseTitle, cover: toCover(row.releaseCover) }
        : null,
    discNumber: row.discNumber || null,
    trackNumber: row.trackNumber || null,
    isrc: row.isrc,
    releaseDate: row.releaseDate,
    isDamaged: row.isDamaged,
    createdAt: new Date(row.createdAt).toISOString(),
  }
}

export function toTrackDetail(row: TrackDetailRow, isKeeper: boolean): z.infer<typeof trackDetailSchema> {
  const isReady = row.status === 'ready'
  return {
    ...toTrack(row),
    composers: namesJson.parse(JSON.parse(row.composers)),
    genres: z.array(z.string()).parse(JSON.parse(row.genres)),
    lyrics: { plain: row.lyricsPlain, synced: row.lyricsSynced },
    loudness: isReady
      ? {
          integratedLufs: row.integratedLufs,
          truePeakDbtp: row.truePeakDbtp,
          trackGainDb: row.trackGainDb,
          albumGainDb: row.albumGainDb,
        }
      : null,
    processing: isKeeper ? toProcessing(row) : null,
  }
}

function toProcessing(row: TrackDetailRow): z.infer<typeof trackDetailSchema>['processing'] {
  return {
    percent: row.percent,
    stage: row.stage,
    failedAttempts: row.failures,
    failure: row.failureCode ? { code: row.failureCode, detail: row.failureDetail ?? '' } : null,
    damage: row.failureCode ? null : row.failureDetail,
    source: { format: row.sourceFormat, bytes: row.sourceBytes, fileName: row.fileName },
  }
}

export function toRelease(row: ReleaseRow): z.infer<typeof releaseSchema> {
  return {
    id: row.id,
    title: row.title,
    artists: namesJson.parse(JSON.parse(row.artists)),
    releaseDate: row.releaseDate,
    cover: toCover(row.cover),
    loudness: { integratedLufs: row.albumLufs, albumGainDb: row.albumGainDb },
    createdAt: new Date(row.createdAt).toISOString(),
  }
}

export function toArtist(row: ArtistRow): z.infer<typeof artistSchema> {
  return {
    id: row.id,
    name: row.name,
    sortName: row.sortName,
    createdAt: new Date(row.createdAt).toISOString(),
  }
}

function toCover(json: string | null): z.infer<typeof coverSchema> {
  const cover = json === null ? null : coverJson.parse(JSON.parse(json))
  return cover && { colour: cover.colour, widthPx: Math.min(cover.width, Math.max(...cover.sizes)) }
}
