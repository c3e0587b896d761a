import { type Instrument, type Voice } from './instruments/voice.ts'
import { instruments } from './instruments/instruments.ts'
import { makeRandom, type Random } from './random.ts'
import { lengthSeconds, type Note, type Part, type Piece, secondsAt, valueAt } from './score.ts'
import { chorus, echo, tape } from './sound/delays.ts'
import { filterInPlace, makeLowpass } from './sound/filters.ts'
import { master } from './sound/master.ts'
import { toPcm16 } from './sound/pcm.ts'
import { reverberate } from './sound/reverb.ts'
import { applyGain, framesIn, gainOf, mixInto, sampleRateHz, type Stereo, silence } from './sound/signal.ts'

/** Interleaved 16-bit stereo at 44.1 kHz; the same bytes at every call. */
export function renderPcm(piece: Piece): Int16Array {
  const mix = mixParts(piece)
  master(mix, piece.tailSeconds)
  return toPcm16(mix, makeRandom(`${piece.slug} dither`))
}

function mixParts(piece: Piece): Stereo {
  const frames = framesIn(lengthSeconds(piece))
  const [mix, toReverb, toEcho] = [silence(frames), silence(frames), silence(frames)]
  const duck = duckingOf(piece)
  piece.parts.forEach((part, index) => {
    const sound = playPart(piece, part, makeRandom(`${piece.slug} ${index}`), frames, duck)
    mixInto(mix, sound, 1)
    if (part.reverb) mixInto(toReverb, sound, part.reverb)
    if (part.echo) mixInto(toEcho, sound, part.echo)
  })
  const echoes = echo(toEcho, secondsAt(piece, piece.echoBeats))
  mixInto(mix, echoes, 1)
  mixInto(toReverb, echoes, 0.3)
  mixInto(mix, reverberate(toReverb, piece.reverb), 1)
  return mix
}

function playPart(piece: Piece, part: Part, random: Random, frames: number, duck: (seconds: number) => number): Stereo {
  const sound = silence(frames)
  for (const note of part.notes) playNote(piece, part, note, random, sound)
  const { lowpassHz, fadeDb } = part
  const beatAt = (seconds: number) => (seconds * piece.bpm) / 60
  if (lowpassHz) {
    filterInPlace(sound, () => {
      let asked = 0
      return makeLowpass(() => valueAt(lowpassHz, beatAt((asked++ * 16) / sampleRateHz)))
    })
  }
  const level = gainOf(part.levelDb)
  applyGain(sound, (seconds) => {
    const fade = fadeDb ? gainOf(valueAt(fadeDb, beatAt(seconds))) : 1
    return level * fade * (part.isDucked ? duck(seconds) : 1)
  })
  if (part.effect === 'chorus') return chorus(sound)
  return part.effect === 'tape' ? tape(sound) : sound
}

function playNote(piece: Piece, part: Part, note: Note, random: Random, sound: Stereo): void {
  const instrument: Instrument = instruments[part.instrument]
  const strayMs = part.isLoose ? random() * 14 : 0
  const voices = instrument({
    hz: 440 * 2 ** ((note.midi - 69) / 12),
    heldSeconds: secondsAt(piece, note.beats),
    velocity: note.velocity * (0.93 + random() * 0.14),
    random,
  })
  const start = framesIn(secondsAt(piece, note.beat) + strayMs / 1000)
  for (const voice of voices) sing(voice, start, part.pan ?? 0, sound)
}

/** Adds a voice to the part at equal power for every direction. */
function sing(voice: Voice, start: number, partPan: number, { left, right }: Stereo): void {
  const angle = (Math.max(-1, Math.min(1, voice.pan + partPan)) + 1) * (Math.PI / 4)
  const [leftGain, rightGain] = [Math.cos(angle), Math.sin(angle)]
  const end = Math.min(start + framesIn(voice.seconds), left.length)
  for (let frame = start; frame < end; frame++) {
    const sample = voice.next()
    left[frame] = (left[frame] ?? 0) + sample * leftGain
    right[frame] = (right[frame] ?? 0) + sample * rightGain
  }
}

/** The gain that makes room for the kick: down to a quarter on the stroke, back within most of a beat. */
function duckingOf(piece: Piece): (seconds: number) => number {
  const kicks = piece.parts
    .filter((part) => part.instrument === 'kick')
    .flatMap((part) => part.notes.map((note) => secondsAt(piece, note.beat)))
    .sort((a, b) => a - b)
  let next = 0
  let last = Number.NEGATIVE_INFINITY
  return (seconds) => {
    if (seconds < last) next = 0
    for (let time = kicks[next]; time !== undefined && time <= seconds; time = kicks[++next]) last = time
    return 1 - 0.75 * Math.exp(-Math.max(0, seconds - last) / 0.11)
  }
}
