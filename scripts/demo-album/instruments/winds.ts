import { makeBandpass, makeLowpass } from '../sound/filters.ts'
import { detune, makeNoise, makePhase, makePulse, makeSine, sine } from '../sound/oscillators.ts'
import { sampleRateHz, type Tone } from '../sound/signal.ts'
import { type Instrument, shaped } from './voice.ts'

/** Three partials, a little breath, and a vibrato that comes in once the note stands. */
export const flute: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const breath = makeNoise(random)
  const colour = makeBandpass(() => hz * 2, 2)
  const vibrato = makeVibrato(5.1, 0.0035, 0.5)
  const state = { cycles: random() }
  const blown = () => {
    state.cycles += (hz * (1 + vibrato())) / sampleRateHz
    const { cycles } = state
    return sine(cycles) + 0.22 * sine(cycles * 2) + 0.09 * sine(cycles * 3) + colour(breath()) * 0.22
  }
  const shape = { attackSeconds: 0.09, decaySeconds: 1.5, sustain: 0.8, releaseSeconds: 0.5 }
  return [shaped(blown, shape, heldSeconds, velocity * 0.5, 0.1)]
}

/** An accordion's pair of reeds tuned apart, so that they beat. */
export const reed: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-7, 8].map((cents) => {
    const metal = makePulse(detune(hz, cents), 0.34, random())
    const box = makeLowpass(() => 2600 + 1400 * velocity)
    const bellows = makeSine(4.4, random())
    const sounded = () => box(metal()) * (1 + 0.06 * bellows())
    const shape = { attackSeconds: 0.035, decaySeconds: 1, sustain: 0.85, releaseSeconds: 0.16 }
    return shaped(sounded, shape, heldSeconds, velocity * 0.4, cents / 22)
  })

/** Relative pitch change at `hz`, growing to `depth` over `delaySeconds`. */
function makeVibrato(hz: number, depth: number, delaySeconds: number): Tone {
  const wave = makeSine(hz)
  const onset = makePhase(1 / delaySeconds)
  return () => wave() * depth * Math.min(1, onset()) ** 2
}
