const semitones: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }

/** Chord tones above the root, in semitones. */
const qualities: Record<string, readonly number[]> = {
  '': [0, 4, 7],
  m: [0, 3, 7],
  '6': [0, 4, 7, 9],
  m6: [0, 3, 7, 9],
  '7': [0, 4, 7, 10],
  m7: [0, 3, 7, 10],
  add9: [0, 4, 7, 14],
  maj9: [0, 4, 7, 11, 14],
  m9: [0, 3, 7, 10, 14],
  '9sus4': [0, 5, 7, 10, 14],
  '13': [0, 4, 10, 14, 21],
}

export interface Chord {
  /** Pitch class, 0 (C) to 11 (B). */
  root: number
  tones: readonly number[]
}

/** MIDI number of a note name such as `F#4`; middle C is `C4`, 60. Throws RangeError for anything else. */
export function midiOf(name: string): number {
  const match = /^([A-G][#b]?)(-?\d)$/.exec(name)
  if (!match) throw new RangeError(`not a note: ${name}`)
  return pitchClassOf(match[1] ?? '') + (Number(match[2]) + 1) * 12
}

/** Reads a chord symbol such as `Ebmaj9`. Throws RangeError for a quality the table lacks. */
export function chordOf(symbol: string): Chord {
  const [, root = '', quality = ''] = /^([A-G][#b]?)(.*)$/.exec(symbol) ?? []
  const tones = qualities[quality]
  if (!tones || !root) throw new RangeError(`not a chord: ${symbol}`)
  return { root: (pitchClassOf(root) + 12) % 12, tones }
}

/** The note of this pitch class that lies in the octave starting at `lowest`. */
export function inOctave(pitchClass: number, lowest: number): number {
  return lowest + ((((pitchClass - lowest) % 12) + 12) % 12)
}

/**
 * Voices a progression in close position near `centre`, each chord in the inversion that moves least from the
 * one before. Five-note chords leave their root to the bass.
 */
export function voiceLead(chords: readonly Chord[], centre: number): number[][] {
  const voicings: number[][] = []
  for (const chord of chords) {
    const previous = voicings.at(-1)
    const cost = (voicing: number[]) =>
      previous
        ? distance(voicing, previous) + Math.abs(mean(voicing) - centre) / 2
        : Math.abs(mean(voicing) - centre)
    const best = inversions(chord, centre).sort((a, b) => cost(a) - cost(b))[0]
    voicings.push(best ?? [])
  }
  return voicings
}

function inversions({ root, tones }: Chord, centre: number): number[][] {
  const upper = tones.length > 4 ? tones.slice(1) : tones
  return Array.from({ length: 13 }, (_, step) => {
    const lowest = centre - 12 + step
    return upper.map((tone) => inOctave(root + tone, lowest)).sort((a, b) => a - b)
  })
}

function distance(voicing: readonly number[], previous: readonly number[]): number {
  const nearest = (midi: number) => Math.min(...previous.map((other) => Math.abs(other - midi)))
  return voicing.reduce((total, midi) => total + nearest(midi), 0)
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}

function pitchClassOf(name: string): number {
  const accidental = name.endsWith('#') ? 1 : name.endsWith('b') ? -1 : 0
  return (semitones[name.charAt(0)] ?? 0) + accidental
}
