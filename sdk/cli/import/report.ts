import { printJson, type Terminal } from '../terminal.ts'
import { table } from '../text.ts'
import type { Processed, Processing } from './processing.ts'
import { type Display, drawBars, type Progress, progressLine, reportEvery } from './progress.ts'
import type { Outcome } from './upload-all.ts'
import type { Candidate, Walk } from './walk.ts'

type Failure = { file: string; code: string; reason: string }

/** Tells what an import does while it runs, and what came of it. */
export class Report {
  readonly #found: Walk
  readonly #processing: Processing
  readonly #isJson: boolean
  readonly #terminal: Terminal
  readonly #failures: Failure[] = []
  readonly #filesOf = new Map<string, Candidate[]>()
  readonly #outcomes = new Map<Candidate, Outcome['outcome']>()
  readonly #sent = new Map<Candidate, number>()
  readonly #startedAt = Date.now()
  readonly #display: Display | null
  readonly #stopReporting: () => void
  /** Bytes of files that are through, whether they had to be sent or not. */
  #bytesSettled = 0
  /** Bytes that really were sent, for the speed. */
  #bytesMoved = 0
  #movedAt = 0
  #lastLine = ''

  constructor(found: Walk, processing: Processing, isJson: boolean, terminal: Terminal) {
    this.#found = found
    this.#processing = processing
    this.#isJson = isJson
    this.#terminal = terminal
    for (const { shown, reason } of found.unreadable)
      this.#failures.push({ file: shown, code: 'unreadable', reason })
    const { candidates, ignored } = found
    this.#event({ event: 'start', files: candidates.length, bytes: this.#progress().bytes, ignored })
    const isDrawn = !isJson && terminal.isWatched && candidates.length > 0
    this.#display = isDrawn
      ? drawBars(
          () => this.#progress(),
          terminal.draw,
          () => terminal.drawColumns,
        )
      : null
    this.#stopReporting = isDrawn ? () => {} : reportEvery(() => this.#tell(), isJson)
  }

  onBytes(file: Candidate, bytesSent: number): void {
    const before = this.#sent.get(file)
    // The first figure of an upload that goes on is where it stands, which was sent another time.
    if (before !== undefined && bytesSent > before) {
      this.#bytesMoved += bytesSent - before
      this.#movedAt = Date.now()
    }
    this.#sent.set(file, bytesSent)
  }

  onOutcome(file: Candidate, outcome: Outcome): void {
    this.#sent.delete(file)
    this.#bytesSettled += file.bytes
    this.#outcomes.set(file, outcome.outcome)
    this.#event({ event: 'file', file: file.shown, ...outcome })
    if (outcome.outcome === 'failed') this.#fail(file, outcome.code, outcome.reason)
    else this.#filesOf.set(outcome.trackId, [...(this.#filesOf.get(outcome.trackId) ?? []), file])
  }

  onProcessed({ trackId, failure }: Processed): void {
    const status = failure === null ? 'ready' : 'failed'
    this.#event({ event: 'track', trackId, status, ...(failure === null ? {} : { reason: failure }) })
    if (failure === null) return
    for (const file of this.#filesOf.get(trackId) ?? []) this.#fail(file, 'processing_failed', failure)
  }

  /** Ends what is shown while it runs. */
  stop(): void {
    this.#stopReporting()
    this.#display?.stop()
  }

  /**
   * Says what came of it.
   * @returns the exit code
   */
  end(): number {
    const uploaded = this.#count('uploaded')
    const skipped = this.#count('skipped')
    const failures = this.#failures.toSorted((a, b) => (a.file < b.file ? -1 : 1))
    const exitCode = failures.length > 0 ? 1 : 0
    if (this.#isJson) {
      const ignored = this.#found.ignored
      this.#event({ event: 'end', uploaded, skipped, failed: failures.length, ignored, failures, exitCode })
      return exitCode
    }
    const { out } = this.#terminal
    out(`${uploaded} uploaded, ${skipped} there already, ${failures.length} failed.${this.#ignoredWords()}`)
    if (failures.length > 0) {
      const rows = failures.map(({ file, reason }) => [file, reason])
      out(`\n${table(['FILE', 'REASON'], rows)}`)
    }
    return exitCode
  }

  #ignoredWords(): string {
    const { ignored } = this.#found
    return ignored === 0 ? '' : ` ${ignored} other ${ignored === 1 ? 'file' : 'files'} left alone.`
  }

  #fail(file: Candidate, code: string, reason: string): void {
    this.#failures.push({ file: file.shown, code, reason })
    this.#outcomes.set(file, 'failed')
    this.#display?.note(`✗ ${file.shown}: ${reason}`)
  }

  #count(outcome: Outcome['outcome']): number {
    return [...this.#outcomes.values()].filter((each) => each === outcome).length
  }

  #progress(): Progress {
    const { candidates } = this.#found
    const sending = [...this.#sent.values()].reduce((sum, bytes) => sum + bytes, 0)
    return {
      files: candidates.length,
      filesDone: this.#outcomes.size,
      bytes: candidates.reduce((sum, { bytes }) => sum + bytes, 0),
      bytesDone: this.#bytesSettled + sending,
      bytesPerSecond: Math.round(this.#bytesMoved / Math.max(1, (this.#movedAt - this.#startedAt) / 1000)),
      tracks: this.#processing.total,
      tracksDone: this.#processing.done,
      processed: this.#processing.share,
    }
  }

  #tell(): void {
    if (this.#isJson) this.#event({ event: 'progress', ...this.#progress() })
    else this.#line(progressLine(this.#progress()))
  }

  #line(line: string): void {
    if (line !== this.#lastLine) this.#terminal.err(line)
    this.#lastLine = line
  }

  #event(event: { event: string; [member: string]: unknown }): void {
    if (this.#isJson) printJson(this.#terminal, event)
  }
}
