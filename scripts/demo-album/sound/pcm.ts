import type { Random } from '../random.ts'
import type { Stereo } from './signal.ts'

/** Interleaved 16-bit samples, with triangular dither of two steps' width (Lipshitz, Wannamaker, Vanderkooy 1992). */
export function toPcm16({ left, right }: Stereo, random: Random): Int16Array<ArrayBuffer> {
  const quantise = (sample: number) => Math.round(sample * 32767 + random() - random())
  const pcm = new Int16Array(left.length * 2)
  for (let frame = 0; frame < left.length; frame++) {
    pcm[frame * 2] = quantise(left[frame] ?? 0)
    pcm[frame * 2 + 1] = quantise(right[frame] ?? 0)
  }
  return pcm
}
