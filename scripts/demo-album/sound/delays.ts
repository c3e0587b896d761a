import { makeHighpass, makeLowpass } from './filters.ts'
import { sine } from './oscillators.ts'
import { framesIn, type Stereo, sampleRateHz, silence } from './signal.ts'

/** Echoes alone, thrown from side to side and duller each time. */
export function echo(input: Stereo, seconds: number): Stereo {
  const output = silence(input.left.length)
  const gap = framesIn(seconds)
  const [dullLeft, dullRight] = [makeLowpass(() => 3400), makeLowpass(() => 3400)]
  const [thinLeft, thinRight] = [makeHighpass(220), makeHighpass(220)]
  for (let frame = gap; frame < output.left.length; frame++) {
    const before = frame - gap
    const mono = ((input.left[before] ?? 0) + (input.right[before] ?? 0)) * 0.7
    output.left[frame] = thinLeft(dullLeft(mono + (output.right[before] ?? 0) * 0.45))
    output.right[frame] = thinRight(dullRight((output.left[before] ?? 0) * 0.85))
  }
  return output
}

/** Adds a slowly wandering copy of each side to itself, the sides in opposite motion. */
export function chorus(signal: Stereo): Stereo {
  const wander = (sign: number) => (seconds: number) => 0.014 + sign * 0.0035 * sine(seconds * 0.31 + 0.25)
  return {
    left: blend(signal.left, delayed(signal.left, wander(1)), 0.7),
    right: blend(signal.right, delayed(signal.right, wander(-1)), 0.7),
  }
}

/** The pitch of an old tape machine: slow wow and a trace of flutter. */
export function tape(signal: Stereo): Stereo {
  const drift = (seconds: number) => 0.006 + 0.0011 * sine(seconds * 0.47) + 0.00005 * sine(seconds * 7.3)
  return { left: delayed(signal.left, drift), right: delayed(signal.right, drift) }
}

/** How many frames a wandering delay glides straight on. */
const controlFrames = 32

function delayed(input: Float32Array, delaySeconds: (seconds: number) => number): Float32Array {
  const output = new Float32Array(input.length)
  const lagAt = (frame: number) => delaySeconds(frame / sampleRateHz) * sampleRateHz
  for (let start = 0; start < output.length; start += controlFrames) {
    const lag = lagAt(start)
    const slope = (lagAt(start + controlFrames) - lag) / controlFrames
    for (let offset = 0; offset < controlFrames; offset++) {
      output[start + offset] = sampleAt(input, start + offset - lag - slope * offset)
    }
  }
  return output
}

/** The signal at a position between two frames; silence before its start. */
function sampleAt(input: Float32Array, position: number): number {
  if (position < 0) return 0
  const index = Math.floor(position)
  const low = input[index] ?? 0
  return low + ((input[index + 1] ?? 0) - low) * (position - index)
}

function blend(dry: Float32Array, wet: Float32Array, share: number): Float32Array {
  return dry.map((value, frame) => (value + (wet[frame] ?? 0) * share) * 0.75)
}
