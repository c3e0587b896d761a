import { z } from 'zod'

/**
 * Messages of the jobs queue: ids only, a hint to look at the row. `ticket` is the row's `dueAt` when the message was
 * sent; a message whose ticket is not the row's any more has been replaced by a newer one and is dropped.
 */
export const transcodeMessageSchema = z.object({
  kind: z.literal('transcode'),
  trackId: z.string(),
  ticket: z.int(),
})
export type TranscodeMessage = z.infer<typeof transcodeMessageSchema>
