import { z } from '@hono/zod-openapi'
import { callerOf, createRouter, defineRoute } from '../platform/http.ts'
import { readPlayback, reportedAt, writePlayback } from './service.ts'
import { type Playback, playbackSchema } from './state.ts'

const TAG = ['Me']

const reportSchema = playbackSchema
  .omit({ updatedAtMs: true })
  .extend({
    isPaused: z.boolean().default(false).openapi({ example: false }),
    updatedAt: z.iso.datetime({ offset: true }).optional().openapi({
      description:
        'When this was so, by the clock of the device; leave it out for now. A time ahead of the service counts as now.',
      example: '2026-11-03T12:00:00.000Z',
    }),
  })
  .openapi('PlaybackReport')

const sessionSchema = playbackSchema
  .omit({ updatedAtMs: true })
  .extend({ updatedAt: z.string().openapi({ format: 'date-time', example: '2026-11-03T12:00:00.000Z' }) })
  .openapi('PlaybackSession')

const session = (description: string) => ({
  description,
  content: { 'application/json': { schema: sessionSchema } },
})

const getRoute = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/me/playback-session',
  operationId: 'getPlaybackSession',
  tags: TAG,
  summary: 'Read where playback left off',
  description: 'What a device last reported, to go on from there on another. The track may be gone since.',
  responses: { 200: session('Where playback left off'), 204: { description: 'Nothing was reported yet' } },
})

const putRoute = defineRoute('signed-in', {
  method: 'put',
  path: '/v1/me/playback-session',
  operationId: 'putPlaybackSession',
  tags: TAG,
  summary: 'Report where playback is',
  description:
    'For pause, seek, track change, a hidden page, and once a minute; not more often. Of two reports the one with the later `updatedAt` stands, so a device that was offline does not put another back: the answer is what stands now.',
  request: { body: { required: true, content: { 'application/json': { schema: reportSchema } } } },
  responses: { 200: session('What stands now') },
})

/** Resuming on another device. */
export const playbackRoutes = createRouter()

playbackRoutes.openapi(getRoute, async (c) => {
  const playback = await readPlayback(c.env.PLAYBACK_SESSION, callerOf(c).accountId)
  return playback === null ? c.body(null, 204) : c.json(toSession(playback), 200)
})

playbackRoutes.openapi(putRoute, async (c) => {
  const { updatedAt, ...report } = c.req.valid('json')
  const { accountId } = callerOf(c)
  const at = reportedAt(updatedAt, Date.now())
  return c.json(toSession(await writePlayback(c.env.PLAYBACK_SESSION, accountId, report, at)), 200)
})

function toSession({ updatedAtMs, ...playback }: Playback): z.infer<typeof sessionSchema> {
  return { ...playback, updatedAt: new Date(updatedAtMs).toISOString() }
}
