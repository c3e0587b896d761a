import { z } from '@hono/zod-openapi'
import type { Settings } from '../platform/env.ts'
import type { Caller } from '../platform/tokens.ts'
import { COVER_TYPES, OUTPUT_TYPES } from '../transcoding/protocol.ts'
import { mediaExpiry, signMediaToken } from './media-token.ts'
import { byQuality, ceilingOf, qualityOf, qualitySchema, renditionsUpTo } from './quality.ts'
import type { Playable } from './service.ts'

const mediaUrl = z
  .string()
  .openapi({ example: 'https://music.example/media/eyJ0…/track_01k9f3m7w8e2vbx0q4r5s6t7v8/aac-128.mp4' })
const gain = (description: string) => z.number().nullable().openapi({ description, example: -3.8 })

export const playbackSchema = z
  .object({
    trackId: z.string(),
    hls: z.object({ url: mediaUrl }).openapi({ description: 'The master playlist, for players that adapt.' }),
    renditions: z.array(
      z.object({
        quality: qualitySchema,
        codec: z.string().openapi({ description: 'RFC 6381.', example: 'mp4a.40.2' }),
        bitrateBps: z.int().openapi({ example: 128_000 }),
        sampleRateHz: z.int().openapi({ example: 44_100 }),
        mimeType: z.string().openapi({ example: 'audio/mp4' }),
        bytes: z.int().openapi({ example: 3_790_412 }),
        url: mediaUrl,
      }),
    ),
    durationMs: z.int().openapi({ example: 234_507 }),
    loudness: z.object({
      integratedLufs: gain('EBU R 128 integrated loudness; null for silence.'),
      rangeLu: z.number(),
      truePeakDbtp: gain('Highest true peak.'),
      trackGainDb: gain('To -18 LUFS (ReplayGain 2.0).'),
      albumGainDb: gain('The same for the release as a whole; null outside of one.'),
    }),
    waveform: z.object({
      url: mediaUrl,
      jsonUrl: mediaUrl,
      points: z.int().openapi({ example: 1000 }),
    }),
    preview: z.object({ url: mediaUrl, startMs: z.int(), durationMs: z.int() }),
    covers: z.array(z.object({ url: mediaUrl, widthPx: z.int(), mimeType: z.string() })),
    expiresAt: z.iso.datetime().openapi({ description: 'When the URLs stop working: ask again before.' }),
  })
  .openapi('Playback')

/** What a player needs to play a track: URLs that carry their own right. `origin` is the address of this service. */
export function toPlayback(
  settings: Settings,
  caller: Caller,
  trackId: string,
  track: Playable,
  origin: string,
  nowMs: number,
): z.infer<typeof playbackSchema> {
  const ceiling = ceilingOf(caller.tier)
  const expiresAt = mediaExpiry(track.durationMs, nowMs)
  const token = signMediaToken(settings, {
    trackId,
    accountId: caller.accountId,
    tier: caller.tier,
    ceiling,
    expiresAt,
  })
  const url = (file: string) => `${origin}/media/${token}/${trackId}/${file}`
  return {
    trackId,
    hls: { url: url('master.m3u8') },
    renditions: byQuality(renditionsUpTo(track.renditions, ceiling)).map((rendition) => ({
      quality: qualityOf(rendition.name),
      codec: rendition.codec,
      bitrateBps: rendition.bitrateBps,
      sampleRateHz: rendition.sampleRate,
      mimeType: OUTPUT_TYPES.mp4,
      bytes: rendition.bytes,
      url: url(`${rendition.name}.mp4`),
    })),
    durationMs: track.durationMs,
    loudness: { ...track.loudness, albumGainDb: track.albumGainDb },
    waveform: { url: url('waveform.dat'), jsonUrl: url('waveform.json'), points: track.waveform.points },
    preview: {
      url: url('preview.mp4'),
      startMs: track.preview.startMs,
      durationMs: track.preview.durationMs,
    },
    covers: (track.cover?.sizes ?? []).flatMap((size) =>
      COVER_TYPES.map((type) => ({
        url: url(`cover-${size}.${type}`),
        widthPx: size,
        mimeType: OUTPUT_TYPES[type],
      })),
    ),
    expiresAt: new Date(expiresAt).toISOString(),
  }
}
