import { type Chord, chordOf, inOctave, voiceLead } from './harmony.ts'
import type { Phrase } from './notation.ts'
import type { Note } from './score.ts'

/** One stroke of a bass or arpeggio figure: `step` is semitones above the root, or the index of a chord tone. */
export interface Stroke {
  beat: number
  beats: number
  step: number
  velocity: number
}

/** Reads `Am9 Dm9 Fmaj9`, one chord a bar. */
export function progression(symbols: string): Chord[] {
  return symbols.split(' ').map(chordOf)
}

/** Plays each chord, voiced near `centre`, in the rhythm of a one-bar phrase. */
export function comp(chords: readonly Chord[], centre: number, rhythm: Phrase): Phrase {
  const voicings = voiceLead(chords, centre)
  return perBar(chords, rhythm.beats, (_, bar) =>
    rhythm.notes.flatMap((note) => (voicings[bar] ?? []).map((midi) => ({ ...note, midi }))),
  )
}

/** Plays a one-bar figure on the root of each chord, the root lying in the octave above `lowest`. */
export function bassline(
  chords: readonly Chord[],
  lowest: number,
  beatsPerBar: number,
  figure: readonly Stroke[],
): Phrase {
  return perBar(chords, beatsPerBar, ({ root }) =>
    figure.map(({ step, ...stroke }) => ({ ...stroke, midi: inOctave(root, lowest) + step })),
  )
}

/** Plays a one-bar figure over the tones of each chord; a step past the last tone goes on an octave higher. */
export function arpeggio(
  chords: readonly Chord[],
  centre: number,
  beatsPerBar: number,
  figure: readonly Stroke[],
): Phrase {
  const voicings = voiceLead(chords, centre)
  return perBar(chords, beatsPerBar, (_, bar) => {
    const tones = voicings[bar] ?? []
    return figure.map(({ step, ...stroke }) => ({
      ...stroke,
      midi: (tones[step % tones.length] ?? centre) + 12 * Math.floor(step / tones.length),
    }))
  })
}

/** An even run of strokes over chord tones: `0 2 1 3`, with `-` for a rest, each `stepBeats` apart. */
export function figure(text: string, stepBeats: number, ringBeats = stepBeats): Stroke[] {
  return text.split(' ').flatMap((word, index) => {
    const velocity = index % 4 === 0 ? 0.85 : index % 2 === 0 ? 0.7 : 0.58
    return word === '-' ? [] : [{ beat: index * stepBeats, beats: ringBeats, step: Number(word), velocity }]
  })
}

function perBar(
  chords: readonly Chord[],
  beatsPerBar: number,
  play: (chord: Chord, bar: number) => Note[],
): Phrase {
  const notes = chords.flatMap((chord, bar) =>
    play(chord, bar).map((note) => ({ ...note, beat: note.beat + bar * beatsPerBar })),
  )
  return { beats: chords.length * beatsPerBar, notes }
}
