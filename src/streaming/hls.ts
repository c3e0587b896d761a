import type { Rendition, RenditionName } from '../transcoding/protocol.ts'

export const HLS_MIME_TYPE = 'application/vnd.apple.mpegurl'

/** What a player starts with: good enough to stay with, small enough to start at once on a phone. */
const START_RENDITION: RenditionName = 'aac-128'

/**
 * EXT-X-MAP in a playlist of ordinary segments needs 6 (RFC 8216 §7); 7 is what players expect of fragmented MP4.
 */
const VERSION = '#EXT-X-VERSION:7'

/**
 * The master playlist (RFC 8216 §4.3.4) over the renditions that this listener may have. Its URIs are relative, so
 * that the token in its own URL carries over.
 */
export function masterPlaylist({ renditions }: { renditions: readonly Rendition[] }): string {
  const variants = renditions.toSorted(byStartThenBandwidth).flatMap(variant)
  return playlist(['#EXT-X-INDEPENDENT-SEGMENTS', ...variants])
}

/**
 * The media playlist (RFC 8216 §4.3.2, §4.3.3) of one rendition: byte ranges of its single file `{name}.mp4`.
 */
export function mediaPlaylist(rendition: Rendition): string {
  const file = `${rendition.name}.mp4`
  const durationsUs = segmentDurationsUs(rendition)
  return playlist([
    `#EXT-X-TARGETDURATION:${targetDurationSeconds(durationsUs)}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-MAP:URI="${file}",BYTERANGE="${rendition.mapBytes}@0"`,
    ...segmentLines(rendition, file, durationsUs),
    '#EXT-X-ENDLIST',
  ])
}

function playlist(lines: readonly string[]): string {
  return ['#EXTM3U', VERSION, ...lines, ''].join('\n')
}

/**
 * Players begin with the first variant, before they have measured anything; the order of the others is free (Apple,
 * Technical Note TN2224). So the start rendition leads and the others follow ascending, which makes the smallest the
 * safe start where the ceiling leaves 128 out.
 */
function byStartThenBandwidth(a: Rendition, b: Rendition): number {
  if (a.name === START_RENDITION) return -1
  if (b.name === START_RENDITION) return 1
  return a.peakBitrateBps - b.peakBitrateBps
}

function variant(rendition: Rendition): string[] {
  // The mean counts the header of the file as well, which in a file of one segment lifts it above the peak.
  const bandwidth = Math.max(rendition.peakBitrateBps, rendition.bitrateBps)
  const attributes = [
    `BANDWIDTH=${bandwidth}`,
    `AVERAGE-BANDWIDTH=${rendition.bitrateBps}`,
    `CODECS="${rendition.codec}"`,
  ]
  return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, `${rendition.name}.m3u8`]
}

function segmentLines(rendition: Rendition, file: string, durationsUs: readonly number[]): string[] {
  let offset = rendition.initBytes
  return rendition.segments.flatMap(([bytes], index) => {
    const lines = [
      `#EXTINF:${((durationsUs[index] ?? 0) / 1e6).toFixed(6)},`,
      `#EXT-X-BYTERANGE:${bytes}@${offset}`,
      file,
    ]
    offset += bytes
    return lines
  })
}

/** In whole microseconds, rounded at the boundaries: rounding each on its own would drift over a long track. */
function segmentDurationsUs({ segments, timescale }: Rendition): number[] {
  let ticks = 0
  let boundaryUs = 0
  return segments.map(([, durationTicks]) => {
    ticks += durationTicks
    const startUs = boundaryUs
    boundaryUs = Math.round((ticks / timescale) * 1e6)
    return boundaryUs - startUs
  })
}

/** Every EXTINF, rounded to the nearest integer, must be at most this (RFC 8216 §4.3.3.1). */
function targetDurationSeconds(durationsUs: readonly number[]): number {
  return durationsUs.reduce((longest, durationUs) => Math.max(longest, Math.ceil(durationUs / 1e6)), 1)
}
