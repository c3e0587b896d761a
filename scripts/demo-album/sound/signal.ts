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

/** Adds a signal that begins at frame `start` of the target. */
export function mixInto(target: Stereo, source: Stereo, gain: number, start = 0): void {
  addChannel(target.left, source.left, gain, start)
  addChannel(target.right, source.right, gain, start)
}

function addChannel(target: Float32Array, source: Float32Array, gain: number, start: number): void {
  for (let frame = 0; frame < source.length; frame++) {
    target[start + frame] = (target[start + frame] ?? 0) + (source[frame] ?? 0) * gain
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
