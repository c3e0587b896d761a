import type { Random } from '../random.ts'
import { type EnvelopeShape, makeEnvelope } from '../sound/envelope.ts'
import type { Tone } from '../sound/signal.ts'

/** One note as an instrument gets it. */
export interface Strike {
  hz: number
  heldSeconds: number
  /** 0 to 1. */
  velocity: number
  random: Random
}

/** One sounding string, reed or skin, ready to be placed in the stereo image. */
export interface Voice {
  next: Tone
  seconds: number
  /** -1 to 1. */
  pan: number
}

export type Instrument = (strike: Strike) => Voice[]

/** Shapes a tone by an envelope for as long as it is held and then released. */
export function shaped(tone: Tone, shape: EnvelopeShape, heldSeconds: number, gain: number, pan = 0): Voice {
  const envelope = makeEnvelope(shape, heldSeconds)
  return { next: () => tone() * envelope() * gain, seconds: heldSeconds + shape.releaseSeconds, pan }
}

/** A sound that dies away by itself, however long it is held. */
export function ringing(next: Tone, seconds: number, pan = 0): Voice {
  return { next, seconds, pan }
}
