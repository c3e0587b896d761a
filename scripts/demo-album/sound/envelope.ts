import { sampleRateHz, type Tone } from './signal.ts'

export interface EnvelopeShape {
  attackSeconds: number
  decaySeconds: number
  /** Level while held, 0 to 1. */
  sustain: number
  releaseSeconds: number
}

/** Straight attack, then decay and release that fall by 60 dB in the seconds given. */
export function makeEnvelope(shape: EnvelopeShape, heldSeconds: number): Tone {
  const attackStep = 1 / Math.max(1, shape.attackSeconds * sampleRateHz)
  const decay = fallPerFrame(shape.decaySeconds)
  const release = fallPerFrame(shape.releaseSeconds)
  const heldFrames = heldSeconds * sampleRateHz
  let frame = 0
  let level = 0
  let isRising = true
  return () => {
    if (frame++ >= heldFrames) level *= release
    else if (isRising) {
      level += attackStep
      if (level >= 1) {
        level = 1
        isRising = false
      }
    } else level = shape.sustain + (level - shape.sustain) * decay
    return level
  }
}

/** Starts at 1 and falls by 60 dB in `seconds`. */
export function makeDecay(seconds: number): Tone {
  const fall = fallPerFrame(seconds)
  let level = 1
  return () => {
    level *= fall
    return level
  }
}

function fallPerFrame(seconds: number): number {
  return Math.exp(-6.9 / Math.max(1, seconds * sampleRateHz))
}
