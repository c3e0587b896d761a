import { instruments } from './instruments/instruments.ts'
import type { Instrument, Voice } from './instruments/voice.ts'
import { makeRandom, type Random } from './random.ts'
import { lengthSeconds, type Part, type Piece, secondsAt, valueAt } from './score.ts'
import { chorus, echo, tape } from './sound/delays.ts'
import { filterInPlace, makeLowpass } from './sound/filters.ts'
import { master } from './sound/master.ts'
import { toPcm16 } from './sound/pcm.ts'
import { reverberate } from './sound/reverb.ts'
import { applyGain, framesIn, gainOf, mixInto, type Stereo, sampleRateHz, silence } from './sound/signal.ts'

/** Gain by seconds from the start of the piece. */
type Gain = (seconds: number) => number

/** Interleaved 16-bit stereo at 44.1 kHz; the same bytes at every call. */
export function renderPcm(piece: Piece): Int16Array<ArrayBuffer> {
  const mix = mixParts(piece)
  master(mix, piece.tailSeconds)
  return toPcm16(mix, makeRandom(`${piece.slug} dither`))
}

function mixParts(piece: Piece): Stereo {
  const frames = framesIn(lengthSeconds(piece))
  const [mix, toReverb, toEcho] = [silence(frames), silence(frames), silence(frames)]
  const duck = duckingOf(piece)
  piece.parts.forEach((part, index) => {
    const voices = voicesOf(piece, part, makeRandom(`${piece.slug} ${index}`))
    if (voices.length === 0) return
    const start = Math.min(...voices.map((voice) => voice.start))
    const sound = silence(Math.min(frames, Math.max(...voices.map((voice) => voice.end))) - start)
    for (const voice of voices) sing(voice, start, sound)
    const finished = finish(piece, part, sound, start / sampleRateHz, duck)
    mixInto(mix, finished, 1, start)
    if (part.reverb) mixInto(toReverb, finished, part.reverb, start)
    if (part.echo) mixInto(toEcho, finished, part.echo, start)
  })
  const echoes = echo(toEcho, secondsAt(piece, piece.echoBeats))
  mixInto(mix, echoes, 1)
  mixInto(toReverb, echoes, 0.3)
  mixInto(mix, reverberate(toReverb, piece.reverb), 1)
  return mix
}

interface PlacedVoice extends Voice {
  /** Frames from the start of the piece. */
  start: number
  end: number
}

function voicesOf(piece: Piece, part: Part, random: Random): PlacedVoice[] {
  const instrument: Instrument = instruments[part.instrument]
  const lastFrame = framesIn(lengthSeconds(piece))
  return part.notes.flatMap((note) => {
    const straySeconds = part.isLoose ? random() * 0.014 : 0
    const start = framesIn(secondsAt(piece, note.beat) + straySeconds)
    if (start >= lastFrame) return []
    const voices = instrument({
      hz: 440 * 2 ** ((note.midi - 69) / 12),
      heldSeconds: secondsAt(piece, note.beats),
      velocity: note.velocity * (0.93 + random() * 0.14),
      random,
    })
    return voices.map((voice) => ({
      ...voice,
      pan: Math.max(-1, Math.min(1, voice.pan + (part.pan ?? 0))),
      start,
      end: start + framesIn(voice.seconds),
    }))
  })
}

/** Adds a voice to a part that begins at frame `partStart`, at equal power for every direction. */
function sing(voice: PlacedVoice, partStart: number, { left, right }: Stereo): void {
  const angle = (voice.pan + 1) * (Math.PI / 4)
  const [leftGain, rightGain] = [Math.cos(angle), Math.sin(angle)]
  const end = Math.min(voice.end - partStart, left.length)
  for (let frame = voice.start - partStart; frame < end; frame++) {
    const sample = voice.next()
    left[frame] = (left[frame] ?? 0) + sample * leftGain
    right[frame] = (right[frame] ?? 0) + sample * rightGain
  }
}

/** Filter, level and effect of a part that begins at `startSeconds`. */
function finish(piece: Piece, part: Part, sound: Stereo, startSeconds: number, duck: Gain): Stereo {
  const { lowpassHz, fadeDb } = part
  const beatAt = (seconds: number) => ((startSeconds + seconds) * piece.bpm) / 60
  if (lowpassHz) {
    filterInPlace(sound, () => makeLowpass((seconds) => valueAt(lowpassHz, beatAt(seconds))))
  }
  const level = gainOf(part.levelDb)
  applyGain(sound, (seconds) => {
    const fade = fadeDb ? gainOf(valueAt(fadeDb, beatAt(seconds))) : 1
    return level * fade * (part.isDucked ? duck(startSeconds + seconds) : 1)
  })
  if (part.effect === 'chorus') return chorus(sound)
  return part.effect === 'tape' ? tape(sound) : sound
}

/** The gain that makes room for the kick: down to a quarter on the stroke, back within most of a beat. */
function duckingOf(piece: Piece): Gain {
  const kicks = piece.parts
    .filter((part) => part.instrument === 'kick')
    .flatMap((part) => part.notes.map((note) => secondsAt(piece, note.beat)))
    .toSorted((a, b) => a - b)
  return (seconds) => {
    const last = kicks.findLast((time) => time <= seconds)
    return last === undefined ? 1 : 1 - 0.75 * Math.exp((last - seconds) / 0.11)
  }
}
