import { openDb } from '../platform/db.ts'
import type { EdgeDeps } from '../platform/edge.ts'
import type { AppContext } from '../platform/http.ts'
import type { StreamingDeps } from './service.ts'

/** One request for media, however it came in. */
export type MediaRequest = { request: Request; env: Env; waitUntil: (promise: Promise<unknown>) => void }

export function mediaRequestOf(c: AppContext): MediaRequest {
  return { request: c.req.raw, env: c.env, waitUntil: (promise) => c.executionCtx.waitUntil(promise) }
}

/** What streaming needs from one request. */
export function streamingDeps({ env, waitUntil }: MediaRequest): StreamingDeps & EdgeDeps {
  return {
    openDb: () => openDb(env.DB).db,
    openPrimary: () => openDb(env.DB, 'first-primary').db,
    bucket: env.MEDIA,
    cache: caches.default,
    waitUntil,
    nowMs: Date.now(),
  }
}
