import { createDurable } from 'itty-durable'
import { readIttyArgument } from '../src/platform/itty.ts'
import { laterOf, type Playback, playbackSchema } from '../src/playback/state.ts'

/**
 * Where one account left off. Reached only through src/platform/itty.ts; without sockets and alarms, which the
 * library's request handling does not fit.
 */
export class PlaybackSession extends createDurable() {
  /** The library is older than the base class by which the namespace's type knows its objects. */
  declare readonly __DURABLE_OBJECT_BRAND: never

  playback: Playback | null = null

  /** What was reported last, or null. */
  read(): Playback | null {
    return this.playback
  }

  /** Keeps a report unless a later one is kept already, and returns what is kept then. */
  async write(argument: unknown): Promise<Playback> {
    const playback = laterOf(this.playback, playbackSchema.parse(readIttyArgument(argument)))
    this.playback = playback
    await this.persist()
    return playback
  }
}
