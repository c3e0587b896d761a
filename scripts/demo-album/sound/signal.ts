export const sampleRateHz = 44_100

export interface Stereo {
  left: Float32Array
  right: Float32Array
}

/** Gives the next sample of a mono signal each time it is called. */
export type Tone = () => number

export function silence(frames: number): Stereo {
  return { left: new Float32Array(frames), right: new Float32Array(frames) }
}

export function framesIn(seconds: number): number {
  return Math.round(seconds * sampleRateHz)
}

export function gainOf(decibels: number): number {
  return 10 ** (decibels / 20)
}

export function mixInto(target: Stereo, source: Stereo, gain: number): void {
  for (const side of ['left', 'right'] as const) {
    const to = target[side]
    const from = source[side]
    for (let frame = 0; frame < to.length; frame++) to[frame] = (to[frame] ?? 0) + (from[frame] ?? 0) * gain
  }
}

/** Multiplies both channels by a gain that `gainAt` gives every 64 frames, gliding between. */
export function applyGain(signal: Stereo, gainAt: (seconds: number) => number): void {
  const block = 64
  for (let start = 0; start < signal.left.length; start += block) {
    const from = gainAt(start / sampleRateHz)
    const slope = (gainAt((start + block) / sampleRateHz) - from) / block
    for (let offset = 0; offset < block; offset++) {
      scaleFrame(signal, start + offset, from + slope * offset)
    }
  }
}

export function scaleFrame({ left, right }: Stereo, frame: number, gain: number): void {
  left[frame] = (left[frame] ?? 0) * gain
  right[frame] = (right[frame] ?? 0) * gain
}
