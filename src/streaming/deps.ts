import { openDb } from '../platform/db.ts'
import type { EdgeDeps } from '../platform/edge.ts'
import type { AppContext } from '../platform/http.ts'
import type { StreamingDeps } from './service.ts'

/** What streaming needs from one request. */
export function streamingDeps(c: AppContext): StreamingDeps & EdgeDeps {
  return {
    openDb: () => openDb(c.env.DB).db,
    bucket: c.env.MEDIA,
    cache: caches.default,
    waitUntil: (promise) => c.executionCtx.waitUntil(promise),
    nowMs: Date.now(),
  }
}
