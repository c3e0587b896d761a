import { makeDecay } from '../sound/envelope.ts'
import { makeBandpass, makeHighpass } from '../sound/filters.ts'
import { makeNoise, makePhase, makeSine, sine } from '../sound/oscillators.ts'
import { sampleRateHz } from '../sound/signal.ts'
import { type Instrument, ringing } from './voice.ts'

/** A sine that falls from `startHz` to `endHz`: the skin of a kick or a tom. */
function makeKick(startHz: number, endHz: number, seconds: number, click: number): Instrument {
  return ({ velocity, random }) => {
    const fall = makeDecay(0.16)
    const body = makeDecay(seconds)
    const tap = makeDecay(0.012)
    const noise = makeNoise(random)
    const state = { cycles: 0 }
    const tone = () => {
      state.cycles += (endHz + (startHz - endHz) * fall()) / sampleRateHz
      return (Math.tanh(1.6 * sine(state.cycles)) * body() + noise() * tap() * click) * velocity
    }
    return [ringing(tone, seconds)]
  }
}

export const kick = makeKick(210, 47, 0.42, 0.25)
export const softKick = makeKick(120, 52, 0.34, 0.06)
export const heartbeat = makeKick(70, 38, 0.6, 0)

export const snare: Instrument = ({ velocity, random }) => {
  const noise = makeNoise(random)
  const wires = makeBandpass(() => 2400, 0.6)
  const skin = makeSine(188)
  const rattle = makeDecay(0.26)
  const ring = makeDecay(0.14)
  return [ringing(() => (wires(noise()) * rattle() * 0.9 + skin() * ring() * 0.5) * velocity, 0.28)]
}

/** Three hands a few milliseconds apart, and the room after them. */
export const clap: Instrument = ({ velocity, random }) =>
  [-0.35, 0.35].map((pan) => {
    const noise = makeNoise(random)
    const palm = makeBandpass(() => 1350, 1.1)
    const clock = makePhase(1)
    const tone = () => {
      const seconds = clock()
      const since = seconds < 0.022 ? seconds % 0.011 : seconds - 0.022
      const level = Math.exp(-since / (seconds < 0.022 ? 0.004 : 0.045))
      return palm(noise()) * level * velocity * 0.9
    }
    return ringing(tone, 0.35, pan)
  })

function makeHat(seconds: number, lowHz: number, pan: number): Instrument {
  return ({ velocity, random }) => {
    const noise = makeNoise(random)
    const thin = makeHighpass(lowHz)
    const level = makeDecay(seconds * (0.6 + 0.4 * velocity))
    return [ringing(() => thin(noise()) * level() * velocity * 0.45, seconds, pan)]
  }
}

export const hat = makeHat(0.07, 7600, 0.25)
export const openHat = makeHat(0.32, 6800, 0.25)
export const shaker = makeHat(0.11, 5200, -0.4)
export const crash = makeHat(2.6, 4200, -0.15)

export const rim: Instrument = ({ velocity }) => {
  const wood = makeSine(1720)
  const shell = makeSine(460)
  const level = makeDecay(0.06)
  return [ringing(() => (wood() * 0.5 + shell() * 0.5) * level() * velocity, 0.08, -0.15)]
}

/** A brush drawn over a snare: noise that swells a little before it goes. */
export const brush: Instrument = ({ velocity, random }) => {
  const noise = makeNoise(random)
  const bristles = makeBandpass(() => 3600, 0.7)
  const swell = makeDecay(0.03)
  const level = makeDecay(0.3)
  return [ringing(() => bristles(noise()) * (1 - 0.8 * swell()) * level() * velocity * 0.5, 0.32, 0.3)]
}

/** Noise whose band climbs four octaves while it is held. */
export const riser: Instrument = ({ heldSeconds, velocity, random }) =>
  [-0.7, 0.7].map((pan) => {
    const noise = makeNoise(random)
    const share = makePhase(1 / heldSeconds)
    const band = makeBandpass((seconds) => 400 * 16 ** (seconds / heldSeconds), 1.5)
    return ringing(() => band(noise()) * share() ** 2 * velocity, heldSeconds, pan)
  })
