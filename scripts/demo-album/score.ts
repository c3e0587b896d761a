import type { InstrumentName } from './instruments/instruments.ts'

export interface Note {
  /** Onset and length in beats from the start of the piece (or of the phrase that holds the note). */
  beat: number
  beats: number
  midi: number
  /** 0 to 1. */
  velocity: number
}

/** Points of a line that is straight between them and flat outside them. */
export type Curve = readonly (readonly [beat: number, value: number])[]

export interface Part {
  instrument: InstrumentName
  notes: Note[]
  levelDb: number
  /** -1 (left) to 1 (right). */
  pan?: number
  fadeDb?: Curve
  lowpassHz?: Curve
  /** Share of the part that goes to the common reverb and echo, 0 to 1. */
  reverb?: number
  echo?: number
  /** Pumps under the kick drum. */
  isDucked?: boolean
  effect?: 'chorus' | 'tape'
  /** Played by a human hand: onsets stray by a few milliseconds. */
  isLoose?: boolean
}

export interface Section {
  name: string
  firstBar: number
  bars: number
}

export interface LyricLine {
  bar: number
  text: string
}

export interface Piece {
  slug: string
  title: string
  genre: string
  bpm: number
  /** As the INITIALKEY tag writes it: `Am`, `Eb`. */
  key: string
  beatsPerBar: number
  sections: readonly Section[]
  tailSeconds: number
  reverb: { decaySeconds: number; dampingHz: number }
  echoBeats: number
  parts: Part[]
  lyrics: readonly LyricLine[]
}

export function secondsAt(piece: Pick<Piece, 'bpm'>, beat: number): number {
  return (beat * 60) / piece.bpm
}

export function lengthSeconds(piece: Piece): number {
  const bars = piece.sections.reduce((total, section) => total + section.bars, 0)
  return secondsAt(piece, bars * piece.beatsPerBar) + piece.tailSeconds
}

export function valueAt(curve: Curve, beat: number): number {
  const after = curve.findIndex(([at]) => at > beat)
  const previous = curve[(after === -1 ? curve.length : after) - 1]
  const next = after === -1 ? undefined : curve[after]
  if (!previous) return next?.[1] ?? 0
  if (!next) return previous[1]
  const share = (beat - previous[0]) / (next[0] - previous[0])
  return previous[1] + (next[1] - previous[1]) * share
}
