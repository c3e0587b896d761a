import { z } from '@hono/zod-openapi'
import { ProblemError } from '../platform/errors.ts'
import {
  type AppContext,
  callerOf,
  createRouter,
  dbOf,
  defineRoute,
  documentRoute,
  touch,
} from '../platform/http.ts'
import { idempotencyKeySchema, idempotent } from '../platform/idempotency.ts'
import { idSchema } from '../platform/ids.ts'
import { pageQuerySchema, pageSchema } from '../platform/pagination.ts'
import { cleanFileName } from './file-name.ts'
import { MAX_UPLOAD_BYTES } from './limits.ts'
import type { Append } from './protocol.ts'
import {
  appendToUpload,
  createUpload,
  describeUpload,
  getUpload,
  listUploads,
  RECOMMENDED_CHUNK,
  terminateUpload,
  type UploadsDeps,
} from './service.ts'
import { listedSchema, shown, uploadSchema } from './shown.ts'
import {
  CHUNK_TYPE,
  checksumHeaderOf,
  contentLengthOf,
  metadataOf,
  progressHeaders,
  requireChunkType,
  speaksTus,
  TUS_OPTIONS,
  TUS_VERSION,
  uploadLengthOf,
  uploadOffsetOf,
} from './tus.ts'

const UPLOADERS = ['artist', 'admin'] as const
const TUS = 'tus 1.0.0 (https://tus.io/protocols/resumable-upload)'
const binary = { schema: z.any().openapi({ type: 'string', format: 'binary' }) }
const params = z.object({ uploadId: idSchema('upload') })

/** Headers are read by hand, since the protocol wants them judged in its own order; these describe them. */
const count = (description: string) => z.string().optional().openapi({ description, example: '8388608' })
const version = {
  'tus-resumable': z.string().optional().openapi({ description: 'Needed.', example: TUS_VERSION }),
}
const checksum = {
  'upload-checksum': z.string().optional().openapi({
    description: 'Of this body: it counts as a whole or not at all.',
    example: 'sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=',
  }),
}

function depsOf(c: AppContext): UploadsDeps {
  return { db: dbOf(c, 'first-primary'), objects: c.env.UPLOAD }
}

export const tusRoutes = createRouter()

tusRoutes.use('/v1/uploads', speaksTus())
tusRoutes.use('/v1/uploads/*', speaksTus())

const optionsRoute = defineRoute('public', {
  method: 'options',
  path: '/v1/uploads',
  operationId: 'getUploadOptions',
  tags: ['Uploads'],
  summary: 'What resumable uploads can do',
  description: TUS,
  responses: { 204: { description: 'Versions, extensions and limits in Tus-* headers' } },
})

tusRoutes.openapi(optionsRoute, (c) => c.body(null, 204, TUS_OPTIONS))

const createUploadRoute = defineRoute(UPLOADERS, {
  method: 'post',
  path: '/v1/uploads',
  operationId: 'createUpload',
  tags: ['Uploads'],
  summary: 'Begin a resumable upload',
  description: `${TUS}, with creation, creation-with-upload, checksum, termination and expiration. ${RECOMMENDED_CHUNK}`,
  middleware: [idempotent()] as const,
  request: {
    headers: z.object({
      ...version,
      ...checksum,
      'upload-length': count(`Bytes of the whole file, at most ${MAX_UPLOAD_BYTES}. Needed.`),
      'upload-metadata': z
        .string()
        .optional()
        .openapi({ description: '`filename` in base64.', example: 'filename c29uZy5mbGFj' }),
      'idempotency-key': idempotencyKeySchema.optional(),
    }),
    body: { content: { [CHUNK_TYPE]: binary } },
  },
  responses: {
    201: { description: 'Its address in Location, the offset in Upload-Offset, the time in Upload-Expires' },
  },
})

tusRoutes.openapi(createUploadRoute, async (c) => {
  const header = (name: string) => c.req.header(name)
  const length = uploadLengthOf(header)
  const { fileName, metadata } = metadataOf(header)
  const hasBytes =
    header('content-type') !== undefined && contentLengthOf(header) !== 0 && c.req.raw.body !== null
  if (hasBytes) requireChunkType(header)
  const announced = { offset: 0, contentLength: contentLengthOf(header), checksum: checksumHeaderOf(header) }
  if ((announced.contentLength ?? 0) > length) {
    throw new ProblemError('payload_too_large', 'The body reaches beyond the Upload-Length.')
  }
  const ownerAccountId = callerOf(c).accountId
  let upload = await createUpload(depsOf(c), {
    ownerAccountId,
    fileName: cleanFileName(fileName),
    length,
    metadata,
  })
  touch(c, { uploadId: upload.uploadId })
  if (hasBytes) {
    upload = await appendFirst(
      depsOf(c),
      upload.uploadId,
      { accountId: ownerAccountId, ...announced },
      c.req.raw.body,
    )
  }
  const location = new URL(`/v1/uploads/${upload.uploadId}`, c.req.url).href
  return c.body(null, 201, { Location: location, ...progressHeaders(upload) })
})

/** The bytes that come with a creation. Its sender learns no address from a refusal, so then the upload goes as well. */
async function appendFirst(deps: UploadsDeps, uploadId: string, append: Append, body: ReadableStream | null) {
  try {
    return await appendToUpload(deps, uploadId, append, body)
  } catch (error) {
    await terminateUpload(deps, uploadId, append.accountId)
    throw error
  }
}

const appendRoute = defineRoute(UPLOADERS, {
  method: 'patch',
  path: '/v1/uploads/{uploadId}',
  operationId: 'appendToUpload',
  tags: ['Uploads'],
  summary: 'Send bytes of a resumable upload',
  description: `${TUS}. Whatever arrives before a connection breaks is kept. ${RECOMMENDED_CHUNK}`,
  request: {
    params,
    headers: z.object({ ...version, ...checksum, 'upload-offset': count('Where the body begins. Needed.') }),
    body: { required: true, content: { [CHUNK_TYPE]: binary } },
  },
  responses: { 204: { description: 'The new offset in Upload-Offset' } },
})

tusRoutes.openapi(appendRoute, (c) => append(c, c.req.valid('param').uploadId))

async function append(c: AppContext, uploadId: string) {
  touch(c, { uploadId })
  const header = (name: string) => c.req.header(name)
  requireChunkType(header)
  const upload = await appendToUpload(
    depsOf(c),
    uploadId,
    {
      accountId: callerOf(c).accountId,
      offset: uploadOffsetOf(header),
      contentLength: contentLengthOf(header),
      checksum: checksumHeaderOf(header),
    },
    c.req.raw.body,
  )
  return c.body(null, 204, progressHeaders(upload))
}

const terminateRoute = defineRoute(UPLOADERS, {
  method: 'delete',
  path: '/v1/uploads/{uploadId}',
  operationId: 'terminateUpload',
  tags: ['Uploads'],
  summary: 'Give up a resumable upload and remove its bytes',
  description: TUS,
  request: { params, headers: z.object(version) },
  responses: { 204: { description: 'Gone' } },
})

tusRoutes.openapi(terminateRoute, (c) => terminate(c, c.req.valid('param').uploadId))

async function terminate(c: AppContext, uploadId: string) {
  touch(c, { uploadId })
  await terminateUpload(depsOf(c), uploadId, callerOf(c).accountId)
  return c.body(null, 204)
}

const tunnelRoute = defineRoute(UPLOADERS, {
  method: 'post',
  path: '/v1/uploads/{uploadId}',
  operationId: 'tunnelUploadRequest',
  tags: ['Uploads'],
  summary: 'PATCH, DELETE or HEAD for clients that can only POST',
  description: `${TUS}: the method stands in X-HTTP-Method-Override.`,
  request: {
    params,
    headers: z.object({
      ...version,
      'x-http-method-override': z.string().optional().openapi({ example: 'PATCH' }),
    }),
    body: { content: { [CHUNK_TYPE]: binary } },
  },
  responses: { 204: { description: 'As the method answers' }, 200: { description: 'As HEAD answers' } },
})

tusRoutes.openapi(tunnelRoute, async (c) => {
  const { uploadId } = c.req.valid('param')
  switch (c.req.header('x-http-method-override')?.toUpperCase()) {
    case 'PATCH':
      return append(c, uploadId)
    case 'DELETE':
      return terminate(c, uploadId)
    case 'HEAD':
      return offsetAnswer(c, uploadId)
    default:
      throw new ProblemError('method_not_allowed', 'An upload takes GET, HEAD, PATCH and DELETE.', {
        headers: { allow: 'GET, HEAD, PATCH, DELETE' },
      })
  }
})

const getUploadRoute = defineRoute(UPLOADERS, {
  method: 'get',
  path: '/v1/uploads/{uploadId}',
  operationId: 'getUpload',
  tags: ['Uploads'],
  summary: 'How an upload stands, and what has become of it',
  request: { params },
  responses: {
    200: { description: 'The upload', content: { 'application/json': { schema: uploadSchema } } },
  },
})

tusRoutes.openapi(getUploadRoute, async (c) => {
  const { uploadId } = c.req.valid('param')
  // Hono serves HEAD by the handler of GET; in tus it is an operation of its own.
  if (c.req.method === 'HEAD') return offsetAnswer(c, uploadId) as never
  touch(c, { uploadId })
  const row = await getUpload(depsOf(c), uploadId, callerOf(c).accountId)
  return c.json({ ...shown(row), offset: row.offset }, 200)
})

documentRoute(
  tusRoutes,
  defineRoute(UPLOADERS, {
    method: 'head',
    path: '/v1/uploads/{uploadId}',
    operationId: 'getUploadOffset',
    tags: ['Uploads'],
    summary: 'Where to resume an upload',
    description: TUS,
    request: { params, headers: z.object(version) },
    responses: { 200: { description: 'Upload-Offset, Upload-Length, Upload-Metadata and Upload-Expires' } },
  }),
)

async function offsetAnswer(c: AppContext, uploadId: string) {
  touch(c, { uploadId })
  const upload = await describeUpload(depsOf(c), uploadId, callerOf(c).accountId)
  return c.body(null, 200, {
    ...progressHeaders(upload),
    'Upload-Length': String(upload.length),
    ...(upload.metadata === '' ? {} : { 'Upload-Metadata': upload.metadata }),
  })
}

const listUploadsRoute = defineRoute(UPLOADERS, {
  method: 'get',
  path: '/v1/uploads',
  operationId: 'listUploads',
  tags: ['Uploads'],
  summary: 'Your uploads, newest first',
  request: { query: pageQuerySchema },
  responses: {
    200: {
      description: 'A page',
      content: { 'application/json': { schema: pageSchema(listedSchema).openapi('UploadPage') } },
    },
  },
})

tusRoutes.openapi(listUploadsRoute, async (c) => {
  const { rows, nextCursor } = await listUploads(dbOf(c), callerOf(c).accountId, c.req.valid('query'))
  return c.json({ items: rows.map(shown), nextCursor }, 200)
})
