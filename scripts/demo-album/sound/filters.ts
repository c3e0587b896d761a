import { sampleRateHz, type Stereo } from './signal.ts'

export type Filter = (input: number) => number

/** How many frames a sweeping filter keeps one cutoff. */
const controlFrames = 16

/** Two-pole lowpass whose cutoff in Hz is asked anew every 16 frames. */
export function makeLowpass(cutoffHz: () => number, resonance = 0.7): Filter {
  return makeStateVariable(cutoffHz, resonance, 'low')
}

export function makeHighpass(cutoffHz: number, resonance = 0.7): Filter {
  return makeStateVariable(() => cutoffHz, resonance, 'high')
}

export function makeBandpass(cutoffHz: () => number, resonance: number): Filter {
  return makeStateVariable(cutoffHz, resonance, 'band')
}

export function filterInPlace(signal: Stereo, makeFilter: () => Filter): void {
  for (const channel of [signal.left, signal.right]) {
    const filter = makeFilter()
    for (let frame = 0; frame < channel.length; frame++) channel[frame] = filter(channel[frame] ?? 0)
  }
}

/** Zavalishin, "The Art of VA Filter Design", section 4: the state variable filter with trapezoidal integrators. */
function makeStateVariable(cutoffHz: () => number, resonance: number, output: 'low' | 'band' | 'high'): Filter {
  const damping = 1 / resonance
  let low = 0
  let band = 0
  let g = 0
  let countdown = 0
  return (input) => {
    if (countdown-- === 0) {
      g = Math.tan((Math.PI * Math.min(cutoffHz(), sampleRateHz * 0.45)) / sampleRateHz)
      countdown = controlFrames - 1
    }
    const high = (input - (damping + g) * band - low) / (1 + g * (damping + g))
    const bandOut = g * high + band
    const lowOut = g * bandOut + low
    band = g * high + bandOut
    low = g * bandOut + lowOut
    return output === 'low' ? lowOut : output === 'high' ? high : bandOut * damping
  }
}
