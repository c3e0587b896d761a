import type { Filter } from './filters.ts'
import { framesIn, sampleRateHz, type Stereo, silence } from './signal.ts'

/** Primes, so that the echoes of the eight lines never fall together. */
const lineFrames = [1423, 1637, 1871, 2053, 2311, 2579, 2861, 3203]

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
  const network = makeNetwork(room)
  const preDelay = framesIn(0.018)
  for (let frame = 0; frame + preDelay < output.left.length; frame++) {
    const left = diffuseLeft(input.left[frame] ?? 0)
    const right = diffuseRight(input.right[frame] ?? 0)
    network.push(left, right)
    output.left[frame + preDelay] = network.left()
    output.right[frame + preDelay] = network.right()
  }
  return output
}

function makeNetwork({ decaySeconds, dampingHz }: Room) {
  const lines = lineFrames.map((length) => new Float32Array(length))
  const loss = Float64Array.from(lineFrames, (length) => 10 ** ((-3 * length) / (decaySeconds * sampleRateHz)))
  const damping = 1 - Math.exp((-2 * Math.PI * dampingHz) / sampleRateHz)
  const positions = new Int32Array(lines.length)
  const taps = new Float64Array(lines.length)
  return {
    push(left: number, right: number): void {
      let total = 0
      for (let index = 0; index < lines.length; index++) {
        const heard = (lines[index]?.[positions[index] ?? 0] ?? 0) * (loss[index] ?? 0)
        const damped = (taps[index] ?? 0) + (heard - (taps[index] ?? 0)) * damping
        taps[index] = damped
        total += damped
      }
      const shared = total * (-2 / lines.length)
      for (let index = 0; index < lines.length; index++) {
        const line = lines[index]
        const position = positions[index] ?? 0
        if (line) line[position] = (taps[index] ?? 0) + shared + (index % 2 === 0 ? left : right)
        positions[index] = position + 1 === lineFrames[index] ? 0 : position + 1
      }
    },
    left: () => ((taps[0] ?? 0) + (taps[2] ?? 0) - (taps[4] ?? 0) - (taps[6] ?? 0)) * 0.5,
    right: () => ((taps[1] ?? 0) + (taps[3] ?? 0) - (taps[5] ?? 0) - (taps[7] ?? 0)) * 0.5,
  }
}

function makeDiffuser(lengths: readonly number[]): Filter {
  const stages = lengths.map(makeAllpass)
  return (input) => stages.reduce((signal, stage) => stage(signal), input)
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
