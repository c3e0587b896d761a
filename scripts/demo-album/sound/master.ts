import { filterInPlace, makeHighpass } from './filters.ts'
import { integratedLoudness } from './loudness.ts'
import { applyGain, framesIn, gainOf, type Stereo, sampleRateHz, scaleFrame } from './signal.ts'

const targetLufs = -16
/** Half a decibel under the limit of -1 dBFS leaves room for peaks between samples. */
const ceiling = gainOf(-1.5)
const fadeInSeconds = 0.01

/** Readies a mix for release, in place: no rumble or offset, even loudness, limited peaks, clean ends. */
export function master(mix: Stereo, fadeOutSeconds: number): void {
  filterInPlace(mix, () => makeHighpass(24))
  fadeEnds(mix, fadeOutSeconds)
  const gain = gainOf(targetLufs - integratedLoudness(mix))
  applyGain(mix, () => gain)
  limit(mix)
}

function fadeEnds(mix: Stereo, fadeOutSeconds: number): void {
  const end = mix.left.length / sampleRateHz
  applyGain(mix, (seconds) => {
    const rise = Math.min(1, seconds / fadeInSeconds)
    const fall = Math.max(0, Math.min(1, (end - seconds) / fadeOutSeconds))
    return rise * fall * fall * (3 - 2 * fall)
  })
}

/** Keeps peaks under the ceiling by turning down smoothly: 3 ms ahead of a peak, 90 ms after it. */
function limit(mix: Stereo): void {
  const reduction = excess(mix)
  smear(reduction, Math.exp(-1 / framesIn(0.09)), 1)
  smear(reduction, Math.exp(-1 / framesIn(0.003)), -1)
  for (let frame = 0; frame < reduction.length; frame++) scaleFrame(mix, frame, 1 - (reduction[frame] ?? 0))
}

function excess({ left, right }: Stereo): Float32Array {
  return left.map((sample, frame) => {
    const peak = Math.max(Math.abs(sample), Math.abs(right[frame] ?? 0))
    return peak > ceiling ? 1 - ceiling / peak : 0
  })
}

/** Lets each value fall off by `keep` a frame, forwards (1) or backwards (-1) in time. */
function smear(values: Float32Array, keep: number, direction: 1 | -1): void {
  let held = 0
  for (let step = 0; step < values.length; step++) {
    const frame = direction === 1 ? step : values.length - 1 - step
    held = Math.max(values[frame] ?? 0, held * keep)
    values[frame] = held
  }
}
