import { midiOf } from './harmony.ts'
import type { Note } from './score.ts'

export interface Phrase {
  beats: number
  notes: Note[]
}

const stepVelocity: Record<string, number> = { X: 1, x: 0.72, o: 0.42 }

/**
 * Reads a melody such as `D5:1 -:.5 F#5:1.5 | A5:3`: note name and length in beats, `-` for a rest. Bar lines
 * are for the eye.
 */
export function melody(text: string, velocity = 0.8): Phrase {
  let beat = 0
  const notes: Note[] = []
  for (const word of text.split(/[\s|]+/).filter(Boolean)) {
    const [name = '-', length = '1'] = word.split(':')
    const beats = Number(length)
    if (name !== '-') notes.push({ beat, beats, midi: midiOf(name), velocity })
    beat += beats
  }
  return { beats: beat, notes }
}

/** Reads a drum pattern, one character a step: `X` accent, `x` plain, `o` soft, `.` rest. Spaces are for the eye. */
export function steps(text: string, stepBeats = 0.25): Phrase {
  const marks = [...text.replaceAll(' ', '')]
  const notes = marks.flatMap((mark, index) => {
    const velocity = stepVelocity[mark]
    return velocity === undefined ? [] : [{ beat: index * stepBeats, beats: stepBeats, midi: 60, velocity }]
  })
  return { beats: marks.length * stepBeats, notes }
}

/** One sound held for `beats`, for noise beds and risers. */
export function hold(beats: number, midi = 60, velocity = 0.8): Phrase {
  return { beats, notes: [{ beat: 0, beats, midi, velocity }] }
}

/** Moves the middle of each beat to `middle` (0.5 is straight, 0.67 a triplet shuffle), stretching evenly. */
export function swing(notes: readonly Note[], middle: number): Note[] {
  return notes.map((note) => ({ ...note, beat: swingBeat(note.beat, middle) }))
}

function swingBeat(beat: number, middle: number): number {
  const whole = Math.floor(beat)
  const part = beat - whole
  return whole + (part < 0.5 ? part * 2 * middle : middle + (part - 0.5) * 2 * (1 - middle))
}
