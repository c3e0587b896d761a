import { makeDecay } from '../sound/envelope.ts'
import { makeLowpass } from '../sound/filters.ts'
import { detune, makePhase, makeSaw, makeSine, sine } from '../sound/oscillators.ts'
import { sampleRateHz } from '../sound/signal.ts'
import { type Instrument, ringing, shaped } from './voice.ts'

const struck = { attackSeconds: 0.004, decaySeconds: 3.2, sustain: 0, releaseSeconds: 0.35 }

/** Electric piano by frequency modulation (Chowning 1973): a 1:1 body and a short 1:14 tine. */
export const electricPiano: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const phase = makePhase(hz)
  const bodyIndex = makeDecay(1.6)
  const tineIndex = makeDecay(0.25)
  const tineShare = hz * 14 < sampleRateHz / 2.5 ? 0.05 : 0
  const tone = () => {
    const cycles = phase()
    const body = sine(cycles + 0.16 * velocity * bodyIndex() * sine(cycles))
    return body + tineShare * velocity * tineIndex() * sine(cycles * 14)
  }
  return [shaped(tone, struck, heldSeconds, velocity * 0.42, random() * 1.2 - 0.6)]
}

/** A soft bell: a sine, and one inharmonic partial that goes first. */
export const bell: Instrument = ({ hz, velocity, random }) => {
  const phase = makePhase(hz)
  const ring = makeDecay(2.8)
  const strike = makeDecay(0.7)
  const tone = () => {
    const cycles = phase()
    const attack = strike()
    return (sine(cycles + 0.12 * attack * sine(cycles * 3.5)) + 0.12 * attack * sine(cycles * 2.76)) * ring()
  }
  return [ringing(() => tone() * velocity * 0.45, 2.8, random() * 1.2 - 0.6)]
}

/** Vibraphone: bars with a fourth-harmonic overtone, turned by a slow motor. */
export const vibraphone: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const bar = makeSine(hz)
  const overtone = makeSine(hz * 4)
  const brightness = makeDecay(0.5)
  const motor = makeSine(4.6, random())
  const tone = () => (bar() + 0.25 * brightness() * overtone()) * (1 + 0.18 * motor())
  return [shaped(tone, { ...struck, releaseSeconds: 1.1 }, heldSeconds, velocity * 0.45, -0.2)]
}

/** House chord stab: two sawtooths behind a filter that shuts at once. */
export const stab: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const [low, high] = [makeSaw(detune(hz, -8), random()), makeSaw(detune(hz, 8), random())]
  const filter = makeLowpass((seconds) => 420 + 3600 * velocity * Math.exp(-seconds / 0.13), 1.1)
  const shape = { attackSeconds: 0.003, decaySeconds: 0.9, sustain: 0.1, releaseSeconds: 0.18 }
  return [shaped(() => filter(low() + high()), shape, heldSeconds, velocity * 0.25, random() * 1.4 - 0.7)]
}

/** Synth lead with a bite, for hooks. */
export const lead: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-5, 5].map((cents) => {
    const saw = makeSaw(detune(hz, cents), random())
    const low = makeSine(hz / 2)
    const filter = makeLowpass((seconds) => 900 + 4200 * velocity * Math.exp(-seconds / 0.22), 1.4)
    const shape = { attackSeconds: 0.004, decaySeconds: 1.1, sustain: 0.25, releaseSeconds: 0.3 }
    return shaped(() => filter(saw() + 0.4 * low()), shape, heldSeconds, velocity * 0.32, cents / 12)
  })
