import type { RenditionName } from '../../src/transcoding/protocol.ts'
import type { SourceAudio } from './probe.ts'
import { stereoFilter } from './stereo.ts'

/** Samples in a fragment at the base rate: 256 AAC frames of 1,024, or 64 FLAC blocks of 4,096. */
export const FRAGMENT_SAMPLES = 262_144
const FLAC_BLOCK_SAMPLES = 4096
const MAX_FLAC_DEPTH = 24

const AAC_BITRATES = [
  ['aac-256', '256k'],
  ['aac-128', '128k'],
  ['aac-64', '64k'],
] as const

export type Rung = {
  name: RenditionName
  codec: 'mp4a.40.2' | 'fLaC'
  sampleRate: number
  channels: number
  /** Of the cost of encoding one AAC rendition. */
  weight: number
  /** ffmpeg's output options, all but the file. */
  options: string[]
}

/** The base rate of a source's own family: 44,100 Hz for 11,025 · n, else 48,000 Hz. */
export function baseRate(sampleRate: number): 44_100 | 48_000 {
  return sampleRate % 11_025 === 0 ? 44_100 : 48_000
}

/** The renditions of a source, the slowest first; FLAC only for a lossless one, as it is. */
export function ladderFor(audio: SourceAudio): Rung[] {
  const rate = baseRate(audio.sampleRate)
  const aac = AAC_BITRATES.map(
    ([name, bitrate]): Rung => ({
      name,
      codec: 'mp4a.40.2',
      sampleRate: rate,
      channels: 2,
      weight: 1,
      options: [
        ...['-af', stereoFilter(audio), '-ac', '2', '-ar', String(rate), '-c:a', 'aac', '-b:a', bitrate],
        ...cmafOptions(fragmentMicroseconds(rate)),
      ],
    }),
  )
  return audio.isLossless ? [...aac, flacRung(audio)] : aac
}

/** Players know FLAC of 16 and 24 bits; deeper and floating-point sources become 24. */
function flacRung(audio: SourceAudio): Rung {
  const isDeep = audio.bitDepth === null || audio.bitDepth > MAX_FLAC_DEPTH || audio.codec.startsWith('pcm_f')
  const depth = isDeep ? ['-sample_fmt', 's32', '-bits_per_raw_sample', String(MAX_FLAC_DEPTH)] : []
  return {
    name: 'flac',
    codec: 'fLaC',
    sampleRate: audio.sampleRate,
    channels: audio.channels,
    weight: 0.2,
    options: [
      ...['-c:a', 'flac', '-frame_size', String(FLAC_BLOCK_SAMPLES), ...depth, '-strict', '-2'],
      ...cmafOptions(flacFragmentMicroseconds(audio.sampleRate)),
    ],
  }
}

/**
 * FLAC keeps the source's rate, so its fragments last as long as the AAC ones only where that rate is a power of
 * two times the base rate, as 96 kHz is; elsewhere they are whole blocks of nearly that length.
 */
function flacFragmentMicroseconds(sampleRate: number): number {
  const samples = (FRAGMENT_SAMPLES * sampleRate) / baseRate(sampleRate)
  const blocks = Math.ceil(samples / FLAC_BLOCK_SAMPLES)
  return Math.floor(((blocks * FLAC_BLOCK_SAMPLES) / sampleRate) * 1e6)
}

function fragmentMicroseconds(sampleRate: number): number {
  return Math.floor((FRAGMENT_SAMPLES / sampleRate) * 1e6)
}

function cmafOptions(fragmentUs: number): string[] {
  return ['-f', 'mp4', '-movflags', '+dash+delay_moov+global_sidx', '-frag_duration', String(fragmentUs)]
}
