import { z } from 'zod'

/**
 * A message of the jobs queue: the upload is complete, look at its row. `ticket` is the row's `dueAt` when the
 * message was sent; a message whose ticket is not the row's any more has been replaced and is dropped.
 */
export const ingestMessageSchema = z.object({
  kind: z.literal('ingest'),
  uploadId: z.string(),
  ticket: z.int(),
})
export type IngestMessage = z.infer<typeof ingestMessageSchema>
