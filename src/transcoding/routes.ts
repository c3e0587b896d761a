import { z } from '@hono/zod-openapi'
import { Hono, type MiddlewareHandler } from 'hono'
import { settingsOf } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { type AppEnv, createRouter, defineRoute, touch } from '../platform/http.ts'
import { idSchema } from '../platform/ids.ts'
import { onError } from '../platform/middleware.ts'
import { transcodingDeps } from './deps.ts'
import { jobEventSchema, outputNameSchema } from './protocol.ts'
import { hearJob, liveJob, storeOutput, transcodeAgain } from './service.ts'
import { openJobToken } from './token.ts'

type JobEnv = {
  Bindings: Env
  Variables: AppEnv['Variables'] & { job: { trackId: string; attempt: number } }
}

/** The largest output: a 1 GB source's FLAC, with room. */
const MAX_OUTPUT_BYTES = 4 * 1024 ** 3

const withJobToken: MiddlewareHandler<JobEnv> = async (c, next) => {
  const token = c.req.header('authorization')?.replace(/^Bearer /, '') ?? ''
  c.set('job', openJobToken(settingsOf(c.env), token, c.req.param('trackId') ?? '', Date.now()))
  await next()
}

/**
 * What a running job calls (src/transcoding/protocol.ts). In production only a container's intercepted requests come
 * here; where the transcoder is a process of its own, the Worker serves them too.
 */
export const jobRoutes = new Hono<JobEnv>()
  .basePath('/internal/jobs/:trackId')
  .use(withJobToken)
  .get('/input', async (c) => {
    const deps = transcodingDeps(c.env, Date.now())
    const row = await liveJob(deps.db, c.get('job'))
    const object = await deps.bucket.get(row.sourceKey)
    if (!object) throw new ProblemError('not_found', 'The original is missing.')
    return c.body(object.body, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(object.size),
    })
  })
  .put('/outputs/:name', async (c) => {
    const name = outputNameSchema.safeParse(c.req.param('name'))
    const bytes = Number(c.req.header('content-length'))
    if (!name.success || !(bytes > 0 && bytes <= MAX_OUTPUT_BYTES) || !c.req.raw.body) {
      throw new ProblemError('validation_failed', 'A known output with its Content-Length is needed.')
    }
    const deps = transcodingDeps(c.env, Date.now())
    await storeOutput(deps, c.get('job'), name.data, c.req.raw.body)
    return c.body(null, 204)
  })
  .post('/events', async (c) => {
    const event = jobEventSchema.safeParse(await c.req.json().catch(() => null))
    if (!event.success) throw new ProblemError('validation_failed', 'This is no event of a job.')
    const deps = transcodingDeps(c.env, Date.now())
    await hearJob(deps, await liveJob(deps.db, c.get('job')), event.data)
    return c.body(null, 204)
  })
jobRoutes.onError((error, c) => onError(error, c as never))

const retranscode = defineRoute(['admin'], {
  method: 'post',
  path: '/v1/admin/tracks/{id}/transcode',
  operationId: 'transcodeTrackAgain',
  tags: ['Administration'],
  summary: 'Make a track’s files anew',
  description:
    'Queues a fresh run, whatever came of the last one. A track that is ready goes on playing meanwhile.',
  request: { params: z.object({ id: idSchema('track') }) },
  responses: { 202: { description: 'It is queued' } },
})

export const transcodingRoutes = createRouter().openapi(retranscode, async (c) => {
  const { id } = c.req.valid('param')
  touch(c, { trackId: id })
  await transcodeAgain(transcodingDeps(c.env, Date.now()), id)
  return c.body(null, 202)
})
