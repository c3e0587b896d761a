import { type Piece, secondsAt } from './score.ts'

/** Lyrics without times, with an empty line where a new section begins. */
export function plainLyrics(piece: Piece): string {
  const starts = new Set(piece.sections.map((section) => section.firstBar))
  return piece.lyrics.map(({ bar, text }) => (bar > 0 && starts.has(bar) ? `\n${text}` : text)).join('\n')
}

/** Lyrics in LRC, each line stamped with the time of its bar. */
export function syncedLyrics(piece: Piece): string {
  return piece.lyrics
    .map(({ bar, text }) => `[${lrcTime(secondsAt(piece, bar * piece.beatsPerBar))}]${text}`)
    .join('\n')
}

/** `mm:ss.cc`, the stamp of LRC. */
function lrcTime(seconds: number): string {
  const hundredths = Math.round(seconds * 100)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(hundredths / 6000))}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`
}
