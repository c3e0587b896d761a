import type { Phrase } from './notation.ts'
import type { Note, Section } from './score.ts'

export interface Form {
  sections: Section[]
  beatsPerBar: number
}

export function makeForm(
  beatsPerBar: number,
  plan: readonly (readonly [name: string, bars: number])[],
): Form {
  let firstBar = 0
  const sections = plan.map(([name, bars]) => {
    const section = { name, firstBar, bars }
    firstBar += bars
    return section
  })
  return { sections, beatsPerBar }
}

/** First beat of a section, `bar` bars into it. Throws RangeError for a name the form does not have. */
export function beatOf(form: Form, name: string, bar = 0): number {
  return (sectionOf(form, name).firstBar + bar) * form.beatsPerBar
}

/** Repeats a phrase through whole sections; what would sound past a section's end is left out. */
export function fill(form: Form, names: readonly string[], phrase: Phrase): Note[] {
  return names.flatMap((name) => {
    const length = sectionOf(form, name).bars * form.beatsPerBar
    const times = Math.ceil(length / phrase.beats)
    const notes = Array.from({ length: times }, (_, turn) => shift(phrase.notes, turn * phrase.beats)).flat()
    return shift(
      notes.filter((note) => note.beat < length),
      beatOf(form, name),
    )
  })
}

/** Places a phrase once, `bar` bars into a section. */
export function place(form: Form, name: string, phrase: Phrase, bar = 0): Note[] {
  return shift(phrase.notes, beatOf(form, name, bar))
}

export function shift(notes: readonly Note[], beats: number): Note[] {
  return notes.map((note) => ({ ...note, beat: note.beat + beats }))
}

function sectionOf(form: Form, name: string): Section {
  const section = form.sections.find((candidate) => candidate.name === name)
  if (!section) throw new RangeError(`no section ${name}`)
  return section
}
