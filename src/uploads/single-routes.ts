import { z } from '@hono/zod-openapi'
import { callerOf, createRouter, dbOf, defineRoute, touch } from '../platform/http.ts'
import { idempotencyKeySchema, idempotent, noteBodyDigest } from '../platform/idempotency.ts'
import { idSchema } from '../platform/ids.ts'
import { MAX_SINGLE_BYTES } from './limits.ts'
import { uploadSingle } from './single.ts'

const uploadedSchema = z
  .object({
    trackId: idSchema('track'),
    uploadId: idSchema('upload'),
    isDuplicate: z
      .boolean()
      .openapi({ description: 'This account has a track of the same content already: `trackId`.' }),
  })
  .openapi('UploadedTrack')

const content = { 'application/json': { schema: uploadedSchema } }
const binary = { schema: z.any().openapi({ type: 'string', format: 'binary' }) }

const uploadTrack = defineRoute(['artist', 'admin'], {
  method: 'post',
  path: '/v1/tracks',
  operationId: 'uploadTrack',
  tags: ['Uploads'],
  summary: 'Upload a whole file in one request',
  description: `The body is the file itself, at most ${MAX_SINGLE_BYTES} bytes, with a Content-Length. What it is is told by its content. The track can be played once it is \`ready\`.`,
  middleware: [idempotent()] as const,
  request: {
    body: { required: true, content: { 'audio/*': binary, 'application/octet-stream': binary } },
    query: z.object({
      fileName: z
        .string()
        .max(1024)
        .default('')
        .openapi({ example: 'song.flac', description: 'Names the track where its tags do not.' }),
    }),
    headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
  },
  responses: {
    201: { description: 'A new track', content },
    200: { description: 'The account had this content already', content },
  },
})

export const singleUploadRoutes = createRouter()

singleUploadRoutes.openapi(uploadTrack, async (c) => {
  const { uploadId, trackId, isDuplicate, sha256 } = await uploadSingle(
    { db: dbOf(c, 'first-primary'), bucket: c.env.MEDIA, jobs: c.env.JOBS, now: Date.now },
    {
      ownerAccountId: callerOf(c).accountId,
      fileName: c.req.valid('query').fileName,
      contentLength: c.req.header('content-length'),
      body: c.req.raw.body,
    },
  )
  noteBodyDigest(c, sha256)
  touch(c, { uploadId, trackId })
  return c.json({ trackId, uploadId, isDuplicate }, isDuplicate ? 200 : 201)
})
