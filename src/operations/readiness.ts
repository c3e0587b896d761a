import { z } from '@hono/zod-openapi'
import type { Db } from '../platform/db.ts'
import type { Settings } from '../platform/env.ts'
import { errorFields, log } from '../platform/log.ts'
import { oldestQueuedAt } from './queries.ts'

const transcoderHealthSchema = z.object({ ok: z.literal(true) })

export const readinessSchema = z
  .object({
    isReady: z.boolean(),
    checks: z.object({ database: z.boolean(), storage: z.boolean(), transcoder: z.boolean().nullable() }),
    oldestQueuedJobMs: z.int().nullable().openapi({
      description: 'How long the oldest queued job has waited; null where none waits.',
      example: null,
    }),
  })
  .openapi('Readiness')

/**
 * Asks what requests depend on: D1, R2 and the age of the oldest queued job. A container is never woken for it; only
 * a transcoder that is a process of its own is pinged.
 */
export async function readiness(
  db: Db,
  bucket: R2Bucket,
  settings: Settings,
  nowMs: number,
): Promise<z.infer<typeof readinessSchema>> {
  const [queuedAt, storage, transcoder] = await Promise.all([
    oldestQueuedAt(db).catch((error) => failed('database', error)),
    bucket.head('health').then(
      () => true,
      (error) => failed('storage', error) ?? false,
    ),
    settings.TRANSCODER_URL === null ? null : ping(settings.TRANSCODER_URL),
  ])
  const checks = { database: queuedAt !== undefined, storage, transcoder }
  return {
    isReady: checks.database && storage && transcoder !== false,
    checks,
    oldestQueuedJobMs: typeof queuedAt === 'number' ? Math.max(0, nowMs - queuedAt) : null,
  }
}

async function ping(url: string): Promise<boolean> {
  const response = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(2_000) }).catch(
    () => null,
  )
  return (
    response !== null && transcoderHealthSchema.safeParse(await response.json().catch(() => null)).success
  )
}

function failed(check: string, error: unknown): undefined {
  log('error', 'readiness_check_failed', { check, ...errorFields(error) })
}
