import type { Declaration } from './declared/declaration.ts'
import { JobFailure } from './failure.ts'

const LEAST_DECODED_SHARE = 0.98
/** A header that claims this much less than there is was written for another file. */
const MOST_DECODED_SHARE = 1.02
const MAX_DAMAGE_LENGTH = 500

const COMPLAINT = /^(\[[^\]]*\] )?\[(error|fatal|panic)\] /
/** A cover that is broken leaves the music whole. */
const PICTURE_DECODER = /^\[(mjpeg|jpegls|png|apng|gif|webp|vp8|bmp|tiff|av1|libdav1d|libaom|hevc|h264) @/

export type Decoded = { samples: number; sampleRate: number; stderr: string[] }

/**
 * Whether a decoded source can be a track.
 * @returns the damage to note on it, or null for a whole one.
 * @throws JobFailure `no_audio`, `too_damaged` or `too_long`.
 */
export function judgeSource(decoded: Decoded, declared: Declaration, maxDurationS: number): string | null {
  const seconds = decoded.samples / decoded.sampleRate
  if (decoded.samples === 0 || !declared.isPlausible) {
    throw new JobFailure('no_audio', 'The file holds no audio that can be decoded.', false)
  }
  if (seconds > maxDurationS) {
    throw new JobFailure('too_long', `The audio is longer than ${maxDurationS} s.`, false)
  }
  if (declared.seconds !== null && isTooShort(seconds, declared.seconds, declared.slackSeconds)) {
    const detail = `Of ${declared.seconds.toFixed(2)} s that the file declares, ${seconds.toFixed(2)} s can be decoded.`
    throw new JobFailure('too_damaged', detail, false)
  }
  return firstComplaint(decoded.stderr) ?? declared.damage ?? surplus(seconds, declared)
}

function isTooShort(seconds: number, declaredSeconds: number, slackSeconds: number): boolean {
  return seconds < declaredSeconds * LEAST_DECODED_SHARE && declaredSeconds - seconds > slackSeconds
}

function surplus(seconds: number, { seconds: declared, slackSeconds }: Declaration): string | null {
  if (declared === null || seconds <= declared * MOST_DECODED_SHARE || seconds - declared <= slackSeconds)
    return null
  return `The file declares ${declared.toFixed(2)} s and holds ${seconds.toFixed(2)} s.`
}

/** The first error line of an ffmpeg run at `-v level+info`, without addresses and paths. */
export function firstComplaint(stderr: string[]): string | null {
  const line = stderr.find((text) => COMPLAINT.test(text) && !PICTURE_DECODER.test(text))
  if (!line) return null
  const text = line
    .replace(/^\[([\w,]+) @ [^\]]*\] /, '$1: ')
    .replace(/\[(error|fatal|panic)\] /, '')
    .replace(/(file:)?\/\S+/g, 'the file')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
  return text.slice(0, MAX_DAMAGE_LENGTH) || null
}
