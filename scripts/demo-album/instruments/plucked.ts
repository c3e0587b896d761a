import type { Random } from '../random.ts'
import { makeLowpass } from '../sound/filters.ts'
import { makeSaw, makeSine } from '../sound/oscillators.ts'
import { sampleRateHz, type Tone } from '../sound/signal.ts'
import { type Instrument, shaped } from './voice.ts'

/** A plucked nylon string or harp. */
export const harp: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const string = makeString(hz, 2.4, 0.35 + 0.4 * velocity, random)
  const shape = { attackSeconds: 0.001, decaySeconds: 4, sustain: 0.5, releaseSeconds: 0.9 }
  return [shaped(string, shape, heldSeconds, velocity * 0.9, (Math.log2(hz / 260) - 0.2) * 0.5)]
}

/** Upright bass: a string under a sine that gives it weight. */
export const uprightBass: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const string = makeString(hz, 1.6, 0.3, random)
  const weight = makeSine(hz)
  const shape = { attackSeconds: 0.008, decaySeconds: 1.8, sustain: 0.1, releaseSeconds: 0.12 }
  return [shaped(() => string() * 0.45 + weight() * 0.6, shape, heldSeconds, velocity * 0.8)]
}

/** House bass: a sawtooth whose filter closes, over its own fundamental. */
export const synthBass: Instrument = ({ hz, heldSeconds, velocity }) => {
  const saw = makeSaw(hz)
  const fundamental = makeSine(hz)
  const filter = makeLowpass((seconds) => 200 + 1700 * velocity * Math.exp(-seconds / 0.09), 1.3)
  const shape = { attackSeconds: 0.004, decaySeconds: 0.8, sustain: 0.5, releaseSeconds: 0.06 }
  return [shaped(() => filter(saw()) * 0.6 + fundamental() * 0.5, shape, heldSeconds, velocity * 0.7)]
}

/** A sine that swells in under the ambient chords. */
export const subBass: Instrument = ({ hz, heldSeconds, velocity }) => {
  const low = makeSine(hz)
  const octave = makeSine(hz * 2)
  const shape = { attackSeconds: 0.25, decaySeconds: 3, sustain: 0.75, releaseSeconds: 1.2 }
  return [shaped(() => low() + 0.18 * octave(), shape, heldSeconds, velocity * 0.6)]
}

/**
 * Karplus and Strong 1983: a burst of noise runs round a delay line one period long and loses its edges. The
 * fraction of a frame that the period leaves over is made up by an allpass (Jaffe and Smith 1983).
 */
function makeString(hz: number, ringSeconds: number, brightness: number, random: Random): Tone {
  const period = sampleRateHz / hz - 0.5
  const line = softNoise(Math.floor(period - 0.1), brightness, random)
  const fraction = period - line.length
  const tuning = (1 - fraction) / (1 + fraction)
  const loss = 10 ** (-3 / (hz * ringSeconds))
  const state = { index: 0, previous: 0, input: 0, output: 0 }
  return () => {
    const { index, previous, input, output } = state
    const now = line[index] ?? 0
    const averaged = (now + previous) * 0.5 * loss
    state.previous = now
    state.output = averaged * tuning + input - output * tuning
    state.input = averaged
    line[index] = state.output
    state.index = index + 1 === line.length ? 0 : index + 1
    return now
  }
}

/** Noise smoothed towards dull as brightness falls, without a constant part. */
function softNoise(length: number, brightness: number, random: Random): Float32Array {
  let smooth = 0
  const noise = Float32Array.from({ length }, () => {
    smooth += (random() * 2 - 1 - smooth) * brightness
    return smooth / brightness ** 0.5
  })
  const mean = noise.reduce((total, value) => total + value, 0) / length
  return noise.map((value) => value - mean)
}
