/** Control characters, and those that turn the direction of text or break lines. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]/u

/** Text from elsewhere, such as tags and file names, so that it cannot command a terminal. */
export function clean(text: string): string {
  return text.replace(UNSAFE, '')
}

/** JSON in one line, without characters that a terminal would obey. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}

/** Cuts a text to a number of columns, with an ellipsis where something is left out. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 1
  for (const character of text) {
    width += widthOf(character)
    if (width > columns) break
    kept += character
  }
  return `${kept}…`
}

const GAP = '  '
const NARROWEST = 8
/** Columns of a cell where no terminal sets a limit. */
const WIDEST = 40

/**
 * Rows under headings, cleaned and aligned. Where they are wider than the terminal, the widest columns give way.
 * @param columns of the terminal; null where the answer goes elsewhere, and each cell is cut on its own; `whole` to
 * cut nothing
 */
export function table(
  headings: string[],
  rows: string[][],
  columns: number | null | 'whole' = 'whole',
): string {
  const cells = [headings, ...rows].map((row) => row.map(clean))
  const widths = headings.map((_, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ''))))
  const limited = limit(widths, columns)
  return cells
    .map((row) =>
      row
        .map((cell, at) => pad(cut(cell, limited[at] ?? 0), limited[at] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

function limit(widths: number[], columns: number | null | 'whole'): number[] {
  if (columns === 'whole') return widths
  if (columns === null) return widths.map((width) => Math.min(width, WIDEST))
  return shrink(widths, columns - GAP.length * (widths.length - 1))
}

function shrink(widths: number[], columns: number): number[] {
  const shrunk = [...widths]
  for (let excess = sum(shrunk) - columns; excess > 0; excess--) {
    const widest = shrunk.indexOf(Math.max(...shrunk))
    if ((shrunk[widest] ?? 0) <= NARROWEST) break
    shrunk[widest] = (shrunk[widest] ?? 0) - 1
  }
  return shrunk
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

/** Milliseconds as `3:54` or `1:02:03`. */
export function duration(ms: number): string {
  const total = Math.round(ms / 1000)
  const seconds = String(total % 60).padStart(2, '0')
  const minutes = Math.floor(total / 60) % 60
  const hours = Math.floor(total / 3600)
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`
}

/** Bytes as `45.6 MB`. */
export function byteCount(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
