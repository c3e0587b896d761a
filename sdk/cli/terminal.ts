import { safeJson } from './text.ts'

/** Where a command reads and writes. */
export type Terminal = {
  /** A line of the answer. */
  out: (line: string) => void
  /** A line beside the answer. */
  err: (line: string) => void
  /** Text as it is, beside the answer. */
  draw: (text: string) => void
  /** Whether somebody watches `err`. */
  isWatched: boolean
  /** Columns of the answer where it goes to a screen, else null. */
  columns: number | null
  /** Columns of `err`. */
  drawColumns: number
  env: NodeJS.ProcessEnv
  /** Fires on Ctrl-C. */
  signal: AbortSignal
}

export function processTerminal(signal: AbortSignal): Terminal {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    draw: (text) => void process.stderr.write(text),
    isWatched: process.stderr.isTTY === true,
    columns: process.stdout.isTTY ? process.stdout.columns : null,
    get drawColumns() {
      return process.stderr.columns ?? 80
    },
    env: process.env,
    signal,
  }
}

/** One machine-readable document, in a line. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(safeJson(value))
}
