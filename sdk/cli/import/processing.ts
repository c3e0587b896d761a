import type { Segue } from '../../client.ts'
import { isSegueError } from '../../errors.ts'
import { eachItem } from '../../pages.ts'
import { sleep } from '../../retry.ts'

/** What became of a track: ready, or why not. */
export type Processed = { trackId: string; failure: string | null }

const POLL_MS = 1_000
/** How soon to look whether there is something to follow. */
const IDLE_MS = 100
const SLOWEST_POLL_MS = 5_000
const PAGE = 200
/** Polls in a row without an answer, each of which has been tried several times, until the server is given up. */
const MOST_FAILURES = 5

/** Follows tracks until the service has processed them. */
export class Processing {
  readonly #segue: Segue
  readonly #onDone: (processed: Processed) => void
  /** Share that is done, from 0 to 1, of each track that is not finished. */
  readonly #open = new Map<string, number>()
  readonly #seen = new Set<string>()

  constructor(segue: Segue, onDone: (processed: Processed) => void) {
    this.#segue = segue
    this.#onDone = onDone
  }

  add(trackId: string): void {
    if (this.#seen.has(trackId)) return
    this.#seen.add(trackId)
    this.#open.set(trackId, 0)
  }

  get total(): number {
    return this.#seen.size
  }

  get done(): number {
    return this.#seen.size - this.#open.size
  }

  /** Of all tracks, from 0 to 1. */
  get share(): number {
    if (this.#seen.size === 0) return 0
    const open = [...this.#open.values()].reduce((sum, share) => sum + share, 0)
    return (this.done + open) / this.#seen.size
  }

  /** Polls until every track is finished and no more will be added; a connection that comes back is waited for. */
  async follow(isMoreToCome: () => boolean, signal: AbortSignal): Promise<void> {
    let delayMs = POLL_MS
    let failures = 0
    while (isMoreToCome() || this.#open.size > 0) {
      await sleep(this.#open.size > 0 ? delayMs : IDLE_MS, signal)
      const before = this.share
      try {
        await this.#poll(signal)
        failures = 0
      } catch (error) {
        if (signal.aborted || isSegueError(error) || ++failures === MOST_FAILURES) throw error
      }
      delayMs = this.share > before ? POLL_MS : Math.min(delayMs * 1.2, SLOWEST_POLL_MS)
    }
  }

  /** One list tells of all that wait; only what has left it is read one by one. */
  async #poll(signal: AbortSignal): Promise<void> {
    const asked = [...this.#open.keys()]
    if (asked.length === 0) return
    const waiting = asked.length > 1 ? await this.#queued(signal) : new Set()
    for (const trackId of asked) {
      if (waiting.has(trackId)) continue
      await this.#read(trackId, signal)
    }
  }

  async #queued(signal: AbortSignal): Promise<Set<string>> {
    const ids = new Set<string>()
    const all = eachItem((cursor) =>
      this.#segue.listTracks({
        query: { owner: 'me', status: 'queued', limit: PAGE, ...(cursor ? { cursor } : {}) },
        signal,
      }),
    )
    for await (const { id } of all) ids.add(id)
    return ids
  }

  async #read(trackId: string, signal: AbortSignal): Promise<void> {
    try {
      const { status, processing } = await this.#segue.getTrack({ path: { id: trackId }, signal })
      if (status === 'ready') this.#finish(trackId, null)
      else if (status === 'failed')
        this.#finish(trackId, processing?.failure?.detail || 'It could not be processed.')
      else this.#open.set(trackId, (processing?.percent ?? 0) / 100)
    } catch (error) {
      if (!isSegueError(error, 'not_found')) throw error
      this.#finish(trackId, 'The track was deleted meanwhile.')
    }
  }

  #finish(trackId: string, failure: string | null): void {
    this.#open.delete(trackId)
    this.#onDone({ trackId, failure })
  }
}
