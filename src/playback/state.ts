import { z } from '@hono/zod-openapi'
import { idSchema } from '../platform/ids.ts'
import { lineSchema } from '../platform/text.ts'

/** No track lasts a week; a position beyond is a mistake in units. */
const MAX_POSITION_MS = 7 * 24 * 3600 * 1000

export const deviceSchema = z.object({
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, '1 to 64 visible ASCII characters')
    .openapi({ description: 'Made once by the device.', example: 'b7c1e0d4' }),
  name: lineSchema(80).openapi({ example: 'Kitchen 🍳' }),
})

/** Where a listener is in a track, as the object keeps it: `updatedAtMs` is when that was so. */
export const playbackSchema = z.object({
  trackId: idSchema('track'),
  positionMs: z.int().min(0).max(MAX_POSITION_MS).openapi({ example: 73_500 }),
  device: deviceSchema,
  isPaused: z.boolean().openapi({ example: false }),
  updatedAtMs: z.int(),
})
export type Playback = z.infer<typeof playbackSchema>

/**
 * Of two reports the one that was true later stands, whichever arrives later: a device that was offline does not
 * put another back. Of two that were true at once the later to arrive stands.
 */
export function laterOf(stored: Playback | null, report: Playback): Playback {
  return stored !== null && stored.updatedAtMs > report.updatedAtMs ? stored : report
}
