import type { Random } from '../random.ts'
import { makeDecay } from '../sound/envelope.ts'
import { makeBandpass, makeHighpass, makeLowpass } from '../sound/filters.ts'
import { makeNoise, makeSine } from '../sound/oscillators.ts'
import { sampleRateHz, type Tone } from '../sound/signal.ts'
import { type Instrument, shaped, type Voice } from './voice.ts'

const bed = { attackSeconds: 1.2, decaySeconds: 1, sustain: 1, releaseSeconds: 2.5 }

/** Slow air, different on each side, rising and sinking every few seconds. */
export const wind: Instrument = (strike) =>
  onBothSides(strike.random, (random) => {
    const noise = makeNoise(random)
    const gust = makeSine(0.09 + random() * 0.05, random())
    const band = makeBandpass(() => 520 + 260 * gust(), 0.9)
    return shapedBed(() => band(noise()) * 0.5, strike.heldSeconds, strike.velocity)
  })

/** A soft hiss with single drops in it. */
export const rain: Instrument = (strike) =>
  onBothSides(strike.random, (random) => {
    const noise = makeNoise(random)
    const hiss = makeLowpass(() => 5200)
    const thin = makeHighpass(900)
    const drops = makeDrops(random, 26, 1800)
    return shapedBed(() => thin(hiss(noise())) * 0.12 + drops() * 0.35, strike.heldSeconds, strike.velocity)
  })

/** The surface of a worn record: rare ticks over a low rustle. */
export const vinyl: Instrument = (strike) =>
  onBothSides(strike.random, (random) => {
    const noise = makeNoise(random)
    const rustle = makeBandpass(() => 900, 0.5)
    const ticks = makeDrops(random, 9, 3400)
    return shapedBed(() => rustle(noise()) * 0.03 + ticks() * 0.5, strike.heldSeconds, strike.velocity)
  })

function onBothSides(random: Random, make: (random: Random) => Voice): Voice[] {
  return [-0.85, 0.85].map((pan) => ({ ...make(random), pan }))
}

function shapedBed(tone: Tone, heldSeconds: number, velocity: number): Voice {
  return shaped(tone, bed, heldSeconds, velocity)
}

/** Short resonant ticks at random times, `perSecond` on average, round `hz`. */
function makeDrops(random: Random, perSecond: number, hz: number): Tone {
  const chance = perSecond / sampleRateHz
  const drop = { hz, gain: 0, decay: makeDecay(0.01) }
  const ring = makeBandpass(() => drop.hz, 5)
  return () => {
    const chip = random()
    if (chip < chance) {
      drop.hz = hz * (0.6 + random())
      drop.gain = 6 * random() ** 2
      drop.decay = makeDecay(0.004 + 0.01 * random())
    }
    return ring((chip - 0.5) * drop.decay() * drop.gain)
  }
}
