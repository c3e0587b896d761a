import { z } from 'zod'
import { refreshRelease, refreshReleaseOf } from '../src/catalog/publish.ts'
import { openDb } from '../src/platform/db.ts'
import type { DomainEvent } from '../src/platform/outbox.ts'
import { deleteObjects, purgeTrack } from '../src/transcoding/service.ts'

const trackReady = z.object({ trackId: z.string() })
const trackDeleted = z.object({ trackId: z.string(), sourceKey: z.string(), releasePk: z.int().nullable() })
const mediaReplaced = z.object({ trackId: z.string(), prefix: z.string().startsWith('renditions/') })

/** Seconds after which no media request looks at replaced files any more: twice a track snapshot's age. */
const REPLACED_FILES_KEPT_S = 30

/** What follows from an event; every handler may run twice. A number asks for the event again after as many seconds. */
type Handler = (env: Env, payload: unknown, sentAt: Date) => Promise<number | undefined>

const HANDLERS: Record<string, Handler> = {
  'track.ready': async (env, payload) => {
    await refreshReleaseOf(openDb(env.DB, 'first-primary').db, trackReady.parse(payload).trackId, Date.now())
    return undefined
  },
  'track.deleted': async (env, payload) => {
    const track = trackDeleted.parse(payload)
    await purgeTrack(env.MEDIA, track)
    if (track.releasePk !== null) {
      await refreshRelease(openDb(env.DB, 'first-primary').db, track.releasePk, Date.now())
    }
    return undefined
  },
  'track.media_replaced': async (env, payload, sentAt) => {
    const waitS = REPLACED_FILES_KEPT_S - (Date.now() - sentAt.getTime()) / 1000
    if (waitS > 0) return Math.ceil(waitS)
    await deleteObjects(env.MEDIA, mediaReplaced.parse(payload).prefix)
    return undefined
  },
}

/** Handles one domain event; one that nobody listens to is done at once. */
export async function handleEvent(env: Env, event: DomainEvent, sentAt: Date): Promise<number | undefined> {
  return HANDLERS[event.type]?.(env, event.payload, sentAt)
}
