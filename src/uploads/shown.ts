import { z } from '@hono/zod-openapi'
import { idSchema } from '../platform/ids.ts'
import { uploadFailureCodeSchema } from './failures.ts'
import { EXPIRES_AFTER_MS } from './limits.ts'
import type { ShownUpload } from './queries.ts'
import { UPLOAD_STATES } from './schema.ts'

const uploadFields = {
  id: idSchema('upload'),
  fileName: z.string().openapi({ example: 'song.flac' }),
  length: z.int().openapi({ description: 'Bytes.', example: 41943040 }),
  state: z.enum(UPLOAD_STATES).openapi({
    description: '`hashing`: all bytes are here and are being looked at. `done`: it has become `trackId`.',
  }),
  trackId: idSchema('track').nullable(),
  failure: z.object({ code: uploadFailureCodeSchema, detail: z.string() }).nullable(),
  createdAt: z.iso.datetime().openapi({ example: '2026-11-20T18:00:00.000Z' }),
  expiresAt: z.iso.datetime().openapi({
    description: `When it is removed unless it goes on: ${EXPIRES_AFTER_MS / 3600_000} h after its last bytes. Lists tell the earliest time.`,
    example: '2026-11-21T18:00:00.000Z',
  }),
}
/** An upload in a list; its offset only its object knows. */
export const listedSchema = z.object(uploadFields).openapi('ListedUpload')
export const uploadSchema = z
  .object({
    ...uploadFields,
    offset: z.int().openapi({ description: 'Bytes that have arrived.', example: 8388608 }),
  })
  .openapi('Upload')

export function shown(row: ShownUpload): z.infer<typeof listedSchema> {
  const code = uploadFailureCodeSchema.safeParse(row.failureCode).data
  return {
    id: row.id,
    fileName: row.fileName,
    length: row.length,
    state: row.state,
    trackId: row.trackId,
    failure: code ? { code, detail: row.failureDetail ?? '' } : null,
    createdAt: new Date(row.createdAt).toISOString(),
    expiresAt: new Date(row.expiresAt).toISOString(),
  }
}
