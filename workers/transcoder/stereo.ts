import type { SourceAudio } from './probe.ts'

/**
 * The filter that makes a source the stereo of the AAC renditions. Mono goes to both sides at full level, as every
 * player does with a mono FLAC (ffmpeg's own `-ac 2` would take 3 dB off); more channels are folded down by ffmpeg.
 */
export function stereoFilter({ channels }: Pick<SourceAudio, 'channels'>): string {
  return channels === 1 ? 'pan=stereo|c0=c0|c1=c0' : 'aformat=channel_layouts=stereo'
}
