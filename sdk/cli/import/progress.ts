import { byteCount, clean, cut } from '../text.ts'

/** How far an import is. */
export type Progress = {
  files: number
  /** Files that are uploaded, skipped or failed. */
  filesDone: number
  bytes: number
  bytesDone: number
  bytesPerSecond: number
  /** Tracks of this import that the service has been asked to process. */
  tracks: number
  tracksDone: number
  /** 0 to 1, of all of them. */
  processed: number
}

const BAR_COLUMNS = 24

/** The two bars: what is sent, and what the service makes of it. */
export function bars(progress: Progress, columns: number): [string, string] {
  const { files, filesDone, bytes, bytesDone, bytesPerSecond, tracks, tracksDone, processed } = progress
  const sent = bytes === 0 ? (files === filesDone ? 1 : 0) : bytesDone / bytes
  const speed = bytesPerSecond > 0 && filesDone < files ? `  ${byteCount(bytesPerSecond)}/s` : ''
  return [
    cut(
      `Uploading   ${bar(sent)}  ${filesDone}/${files} files  ${byteCount(bytesDone)} of ${byteCount(bytes)}${speed}`,
      columns - 1,
    ),
    cut(`Processing  ${bar(tracks === 0 ? 0 : processed)}  ${tracksDone}/${tracks} tracks`, columns - 1),
  ]
}

/** The same for a log. */
export function progressLine(progress: Progress): string {
  const { files, filesDone, bytes, bytesDone, tracks, tracksDone, processed } = progress
  return `Uploaded ${filesDone}/${files} files, ${byteCount(bytesDone)} of ${byteCount(bytes)}; processed ${tracksDone}/${tracks} tracks, ${percent(processed)}.`
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_COLUMNS)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)} ${percent(share).padStart(4)}`
}

function percent(share: number): string {
  return `${Math.floor(Math.min(1, share) * 100)}%`
}

const REDRAW_MS = 100
const LINE_EVERY_MS = 5_000
const EVENT_EVERY_MS = 1_000

export type Display = { note: (line: string) => void; stop: () => void }

/** Redraws the bars in place, with notes running above them. */
export function drawBars(read: () => Progress, draw: (text: string) => void, columns: () => number): Display {
  let drawn = ''
  const erase = () => (drawn === '' ? '' : '\r\u001b[1A\u001b[J')
  const redraw = (above = '') => {
    const next = bars(read(), columns()).join('\n')
    if (next === drawn && above === '') return
    draw(erase() + above + next)
    drawn = next
  }
  redraw()
  const timer = setInterval(redraw, REDRAW_MS)
  return {
    note: (line) => redraw(`${clean(line)}\n`),
    stop: () => {
      clearInterval(timer)
      redraw()
      draw('\n')
    },
  }
}

/** A line now and then, where nobody watches or a program reads. */
export function reportEvery(report: () => void, isForProgram: boolean): () => void {
  const timer = setInterval(report, isForProgram ? EVENT_EVERY_MS : LINE_EVERY_MS)
  return () => clearInterval(timer)
}
