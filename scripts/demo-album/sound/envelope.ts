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
  const state = { frame: 0, level: 0, isRising: true }
  return () => {
    if (state.frame++ >= heldFrames) state.level *= release
    else if (state.isRising) {
      state.level = Math.min(1, state.level + attackStep)
      state.isRising = state.level < 1
    } else state.level = shape.sustain + (state.level - shape.sustain) * decay
    return state.level
  }
}

/** Starts at 1 and falls by 60 dB in `seconds`. */
export function makeDecay(seconds: number): Tone {
  const fall = fallPerFrame(seconds)
  const state = { level: 1 }
  return () => {
    state.level *= fall
    return state.level
  }
}

function fallPerFrame(seconds: number): number {
  return Math.exp(-6.9 / Math.max(1, seconds * sampleRateHz))
}
