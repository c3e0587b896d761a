import { type Stereo, sampleRateHz } from './signal.ts'

/** Coefficients b0, b1, b2, a1, a2. */
type Biquad = readonly [number, number, number, number, number]

/** Integrated loudness in LUFS: ITU-R BS.1770-4 with K-weighting, 400 ms blocks and both gates. */
export function integratedLoudness(signal: Stereo): number {
  const powers = blockPowers(signal)
  const audible = powers.filter((power) => loudnessOf(power) > -70)
  const gate = loudnessOf(mean(audible)) - 10
  return loudnessOf(mean(audible.filter((power) => loudnessOf(power) > gate)))
}

function blockPowers(signal: Stereo): number[] {
  const left = stepPowers(signal.left)
  const right = stepPowers(signal.right)
  const steps = left.map((power, index) => power + (right[index] ?? 0))
  return steps.slice(3).map((_, index) => mean(steps.slice(index, index + 4)))
}

/** Mean square of the K-weighted channel over each 100 ms. */
function stepPowers(channel: Float32Array): number[] {
  const weigh = kWeighting()
  const stepFrames = sampleRateHz / 10
  const powers: number[] = []
  for (let start = 0; start + stepFrames <= channel.length; start += stepFrames) {
    let sum = 0
    for (let frame = start; frame < start + stepFrames; frame++) {
      const weighted = weigh(channel[frame] ?? 0)
      sum += weighted * weighted
    }
    powers.push(sum / stepFrames)
  }
  return powers
}

/** The two filters of BS.1770, derived for this sample rate from their analogue parameters (libebur128). */
function kWeighting(): (input: number) => number {
  const shelf = makeBiquad(highShelf(1681.974450955533, 3.999843853973347, 0.7071752369554196))
  const highpass = makeBiquad(rumbleFilter(38.13547087602444, 0.5003270373238773))
  return (input) => highpass(shelf(input))
}

function highShelf(hz: number, gainDb: number, q: number): Biquad {
  const k = Math.tan((Math.PI * hz) / sampleRateHz)
  const high = 10 ** (gainDb / 20)
  const band = high ** 0.4996667741545416
  const a0 = 1 + k / q + k * k
  return [
    (high + (band * k) / q + k * k) / a0,
    (2 * (k * k - high)) / a0,
    (high - (band * k) / q + k * k) / a0,
    (2 * (k * k - 1)) / a0,
    (1 - k / q + k * k) / a0,
  ]
}

function rumbleFilter(hz: number, q: number): Biquad {
  const k = Math.tan((Math.PI * hz) / sampleRateHz)
  const a0 = 1 + k / q + k * k
  return [1, -2, 1, (2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0]
}

function makeBiquad([b0, b1, b2, a1, a2]: Biquad): (input: number) => number {
  const state = { first: 0, second: 0 }
  return (input) => {
    const output = b0 * input + state.first
    state.first = b1 * input - a1 * output + state.second
    state.second = b2 * input - a2 * output
    return output
  }
}

function loudnessOf(power: number): number {
  return -0.691 + 10 * Math.log10(power)
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}
