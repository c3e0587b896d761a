import { makeBandpass, makeLowpass } from '../sound/filters.ts'
import { detune, makeNoise, makePulse, makeSaw, makeSine } from '../sound/oscillators.ts'
import { type Instrument, shaped } from './voice.ts'

const slow = { attackSeconds: 0.9, decaySeconds: 4, sustain: 0.8, releaseSeconds: 2.8 }

/** Two sawtooths leaning apart, one to each side, round a sine in the middle. */
export const pad: Instrument = ({ hz, heldSeconds, velocity, random }) => [
  shaped(makeSaw(detune(hz, -6), random()), slow, heldSeconds, velocity * 0.3, -0.8),
  shaped(makeSaw(detune(hz, 6), random()), slow, heldSeconds, velocity * 0.3, 0.8),
  shaped(makeSine(hz, random()), slow, heldSeconds, velocity * 0.35),
]

/** Breath through vowel-like resonances: a far-off choir. */
export const choir: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-0.5, 0.5].map((pan) => {
    const source = makePulse(detune(hz, pan * 12), 0.3, random())
    const breath = makeNoise(random)
    const formants = [620, 1080, 2700].map((formantHz) => makeBandpass(() => formantHz, 6))
    const sung = () => {
      const air = source() + breath() * 0.05
      return formants.reduce((total, formant, index) => total + formant(air) / (index + 1), 0)
    }
    return shaped(sung, { ...slow, attackSeconds: 1.2 }, heldSeconds, velocity * 0.8, pan)
  })

/** Bowed ensemble for the waltz: quicker to speak than the pad, and darker. */
export const strings: Instrument = ({ hz, heldSeconds, velocity, random }) =>
  [-9, -3, 4, 8].map((cents, index) => {
    const saw = makeSaw(detune(hz, cents), random())
    const dark = makeLowpass(() => 1600)
    const bow = { attackSeconds: 0.22, decaySeconds: 2, sustain: 0.85, releaseSeconds: 0.7 }
    return shaped(() => dark(saw()), bow, heldSeconds, velocity * 0.3, index / 1.5 - 1)
  })
