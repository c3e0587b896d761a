import { type Stereo, sampleRateHz } from './signal.ts'

export type Filter = (input: number) => number

/** Cutoff by the time since the filter began to run. */
export type Cutoff = (seconds: number) => number

/** How many frames a sweeping filter keeps one cutoff. */
const controlFrames = 16

/** Two-pole lowpass whose cutoff in Hz is asked anew every 16 frames. */
export function makeLowpass(cutoffHz: Cutoff, resonance = 0.7): Filter {
  return makeStateVariable(cutoffHz, resonance, 'low')
}

export function makeHighpass(cutoffHz: number, resonance = 0.7): Filter {
  return makeStateVariable(() => cutoffHz, resonance, 'high')
}

export function makeBandpass(cutoffHz: Cutoff, resonance: number): Filter {
  return makeStateVariable(cutoffHz, resonance, 'band')
}

export function filterInPlace(signal: Stereo, makeFilter: () => Filter): void {
  for (const channel of [signal.left, signal.right]) {
    const filter = makeFilter()
    for (let frame = 0; frame < channel.length; frame++) channel[frame] = filter(channel[frame] ?? 0)
  }
}

/** Zavalishin, "The Art of VA Filter Design", section 4: the state variable filter with trapezoidal integrators. */
function makeStateVariable(cutoffHz: Cutoff, resonance: number, output: 'low' | 'band' | 'high'): Filter {
  const damping = 1 / resonance
  const state = { low: 0, band: 0, g: 0, frame: 0 }
  return (input) => {
    if (state.frame % controlFrames === 0) {
      const hz = cutoffHz(state.frame / sampleRateHz)
      state.g = Math.tan((Math.PI * Math.min(hz, sampleRateHz * 0.45)) / sampleRateHz)
    }
    state.frame++
    const { low, band, g } = state
    const high = (input - (damping + g) * band - low) / (1 + g * (damping + g))
    const bandOut = g * high + band
    const lowOut = g * bandOut + low
    state.band = g * high + bandOut
    state.low = g * bandOut + lowOut
    return output === 'low' ? lowOut : output === 'high' ? high : bandOut * damping
  }
}
