import { ittyMethods } from '../platform/itty.ts'
import { objectIdOf } from '../platform/placement.ts'
import { type Playback, playbackSchema } from './state.ts'

type PlaybackSessionNamespace = Env['PLAYBACK_SESSION']

const storedSchema = playbackSchema.nullable()

/** Where this account left off; null where it never reported. */
export async function readPlayback(
  sessions: PlaybackSessionNamespace,
  accountId: string,
): Promise<Playback | null> {
  return storedSchema.parse(await sessionOf(sessions, accountId).read())
}

/**
 * Reports where this account is.
 * @returns what stands now, which is another report where one was true later
 */
export async function writePlayback(
  sessions: PlaybackSessionNamespace,
  accountId: string,
  report: Omit<Playback, 'updatedAtMs'>,
  updatedAtMs: number,
): Promise<Playback> {
  const stored = await sessionOf(sessions, accountId).write({ ...report, updatedAtMs })
  return playbackSchema.parse(stored)
}

/** A clock that runs ahead must not outlast every other device: no report is from later than now. */
export function reportedAt(clientTime: string | undefined, nowMs: number): number {
  return clientTime === undefined ? nowMs : Math.min(Date.parse(clientTime), nowMs)
}

function sessionOf(sessions: PlaybackSessionNamespace, accountId: string) {
  return ittyMethods(sessions, objectIdOf(sessions, accountId), ['read', 'write'])
}
