import type { Filter } from './filters.ts'
import { framesIn, type Stereo, sampleRateHz, silence } from './signal.ts'

/** Primes, so that the echoes of the eight lines never fall together. */
const lineFrames = [1423, 1637, 1871, 2053, 2311, 2579, 2861, 3203]
const ringFrames = 4096

export interface Room {
  /** Time for the sound to fall by 60 dB. */
  decaySeconds: number
  /** Above this the room swallows sound faster. */
  dampingHz: number
}

/**
 * The sound of a room alone, without the direct sound: a feedback delay network of eight lines mixed by a
 * Householder matrix (Jot and Chaigne 1991), after two allpass diffusers and 18 ms of silence.
 */
export function reverberate(input: Stereo, room: Room): Stereo {
  const output = silence(input.left.length)
  const diffuseLeft = makeDiffuser([347, 113])
  const diffuseRight = makeDiffuser([379, 127])
  const { push, taps } = makeNetwork(room)
  const preDelay = framesIn(0.018)
  for (let frame = 0; frame + preDelay < output.left.length; frame++) {
    push(diffuseLeft(input.left[frame] ?? 0), diffuseRight(input.right[frame] ?? 0))
    output.left[frame + preDelay] = spread(taps, 0)
    output.right[frame + preDelay] = spread(taps, 1)
  }
  return output
}

/** Even lines carry the left side and odd ones the right; the matrix lets each seep into the other. */
function makeNetwork({ decaySeconds, dampingHz }: Room) {
  const lines = new Float32Array(lineFrames.length * ringFrames)
  const loss = Float64Array.from(
    lineFrames,
    (length) => 10 ** ((-3 * length) / (decaySeconds * sampleRateHz)),
  )
  const lengths = Int32Array.from(lineFrames)
  const damping = 1 - Math.exp((-2 * Math.PI * dampingHz) / sampleRateHz)
  const taps = new Float64Array(lineFrames.length)
  let clock = 0
  const push = (left: number, right: number) => {
    let total = 0
    for (let line = 0; line < taps.length; line++) {
      const heard = lines[line * ringFrames + ((clock - (lengths[line] ?? 0)) & (ringFrames - 1))] ?? 0
      const tap = taps[line] ?? 0
      taps[line] = tap + (heard * (loss[line] ?? 0) - tap) * damping
      total += taps[line] ?? 0
    }
    const shared = total * (-2 / taps.length)
    for (let line = 0; line < taps.length; line++) {
      const fed = (taps[line] ?? 0) + shared + (line % 2 === 0 ? left : right)
      lines[line * ringFrames + (clock & (ringFrames - 1))] = fed
    }
    clock++
  }
  return { push, taps }
}

function spread(taps: Float64Array, first: 0 | 1): number {
  return ((taps[first] ?? 0) + (taps[first + 2] ?? 0) - (taps[first + 4] ?? 0) - (taps[first + 6] ?? 0)) * 0.5
}

function makeDiffuser(lengths: readonly number[]): Filter {
  const stages = lengths.map(makeAllpass)
  return (input) => {
    let signal = input
    for (const stage of stages) signal = stage(signal)
    return signal
  }
}

function makeAllpass(length: number): Filter {
  const line = new Float32Array(length)
  let position = 0
  return (input) => {
    const delayed = line[position] ?? 0
    const fed = input + delayed * 0.6
    line[position] = fed
    position = position + 1 === length ? 0 : position + 1
    return delayed - fed * 0.6
  }
}
