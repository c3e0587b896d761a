import { stat } from 'node:fs/promises'
import type { Manifest } from '../../src/transcoding/protocol.ts'
import { audioOnly, encode } from './encode.ts'
import { inputArguments, type Source } from './input-arguments.ts'
import { baseRate } from './ladder.ts'
import type { SourceAudio } from './probe.ts'
import { stereoFilter } from './stereo.ts'

const PREVIEW_SECONDS = 30
const FADE_SECONDS = 0.5

export type PreviewSpan = { startSeconds: number; seconds: number; fades: string[] }

/** Thirty seconds from one third on, faded where they are cut out of more; a short track whole. */
export function previewSpan(trackSeconds: number): PreviewSpan {
  if (trackSeconds <= PREVIEW_SECONDS) return { startSeconds: 0, seconds: trackSeconds, fades: [] }
  const startSeconds = Math.floor(Math.min(trackSeconds / 3, trackSeconds - PREVIEW_SECONDS))
  const fadeOut = `afade=t=out:st=${PREVIEW_SECONDS - FADE_SECONDS}:d=${FADE_SECONDS}`
  return {
    startSeconds,
    seconds: PREVIEW_SECONDS,
    fades: startSeconds > 0 ? [`afade=t=in:d=${FADE_SECONDS}`, fadeOut] : [fadeOut],
  }
}

/** Encodes the preview as an ordinary MP4 whose index comes first. */
export async function encodePreview(
  ffmpeg: string,
  source: Source,
  track: { seconds: number; audio: SourceAudio },
  path: string,
  signal: AbortSignal,
): Promise<Manifest['preview']> {
  const { startSeconds, seconds, fades } = previewSpan(track.seconds)
  const args = [
    ...inputArguments(source, startSeconds > 0 ? ['-ss', String(startSeconds)] : []),
    ...audioOnly,
    ...[
      '-af',
      [stereoFilter(track.audio), ...fades].join(','),
      '-t',
      String(seconds),
      '-ac',
      '2',
      '-ar',
      String(baseRate(track.audio.sampleRate)),
    ],
    ...['-c:a', 'aac', '-b:a', '96k', '-f', 'mp4', '-movflags', '+faststart'],
  ]
  await encode(ffmpeg, args, path, { signal, onProgress: () => undefined })
  const { size } = await stat(path)
  return { bytes: size, startMs: startSeconds * 1000, durationMs: Math.max(1, Math.round(seconds * 1000)) }
}
