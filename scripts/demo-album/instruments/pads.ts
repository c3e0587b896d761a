import { makeBandpass } from '../sound/filters.ts'
import { detune, makeNoise, makePulse, makeSaw } from '../sound/oscillators.ts'
import { type Instrument, shaped } from './voice.ts'

/** Two sawtooths leaning apart, one to each side; the part's own lowpass gives the colour. */
export const pad: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-6, 6].map((cents) => {
    const shape = { attackSeconds: 0.9, decaySeconds: 4, sustain: 0.8, releaseSeconds: 2.4 }
    return shaped(makeSaw(detune(hz, cents), random()), shape, heldSeconds, velocity * 0.36, cents / 9)
  })

/** A voice and its breath through vowel-like resonances: a far-off choir. */
export const choir: Instrument = ({ hz, heldSeconds, velocity, random }) => {
  const source = makePulse(hz, 0.3, random())
  const breath = makeNoise(random)
  const [first, second] = [makeBandpass(() => 620, 6), makeBandpass(() => 1080, 6)]
  const sung = () => {
    const air = source() + breath() * 0.06
    return first(air) + 0.6 * second(air)
  }
  const shape = { attackSeconds: 1.2, decaySeconds: 4, sustain: 0.8, releaseSeconds: 2.4 }
  return [shaped(sung, shape, heldSeconds, velocity * 0.9, random() - 0.5)]
}

/** Bowed ensemble: quicker to speak than the pad. */
export const strings: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-5, 6].map((cents) => {
    const bow = { attackSeconds: 0.22, decaySeconds: 2, sustain: 0.85, releaseSeconds: 0.7 }
    return shaped(makeSaw(detune(hz, cents), random()), bow, heldSeconds, velocity * 0.42, cents / 8)
  })
