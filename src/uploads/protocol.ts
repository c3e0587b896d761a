import { z } from 'zod'
import { CHECKSUM_ALGORITHMS } from './checksum.ts'

/** What the Worker and the Upload object say to each other. Times are epoch milliseconds. */

export type CreateUpload = {
  uploadId: string
  ownerAccountId: string
  fileName: string
  length: number
  /** Upload-Metadata as it was sent, for HEAD answers. */
  metadata: string
}

/** An upload as its object knows it. */
export const uploadViewSchema = z.object({
  uploadId: z.string(),
  length: z.int(),
  offset: z.int(),
  metadata: z.string(),
  expiresAt: z.int(),
  isComplete: z.boolean(),
})
export type UploadView = z.infer<typeof uploadViewSchema>

export const REFUSALS = [
  'not_found',
  'conflict',
  'offset_mismatch',
  'payload_too_large',
  'upload_locked',
  'checksum_mismatch',
  'unavailable',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** Every answer of the object: errors do not cross as exceptions. */
export const uploadAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), upload: uploadViewSchema }),
  z.object({ ok: z.literal(false), code: z.enum(REFUSALS), detail: z.string() }),
])
export type UploadAnswer = z.infer<typeof uploadAnswerSchema>

/** Travels in APPEND_HEADER beside the bytes. */
export const appendSchema = z.object({
  accountId: z.string(),
  offset: z.int().nonnegative(),
  /** Null where the body's length is not declared. */
  contentLength: z.int().nonnegative().nullable(),
  checksum: z.object({ algorithm: z.enum(CHECKSUM_ALGORITHMS), digest: z.string() }).nullable(),
})
export type Append = z.infer<typeof appendSchema>
export const APPEND_HEADER = 'x-segue-append'
