import { z } from '@hono/zod-openapi'
import { settingsOf } from '../platform/env.ts'
import { callerOf, createRouter, defineRoute, documentRoute, touch } from '../platform/http.ts'
import { idSchema } from '../platform/ids.ts'
import { outputNameSchema } from '../transcoding/protocol.ts'
import { mediaRequestOf, streamingDeps } from './deps.ts'
import { HLS_MIME_TYPE } from './hls.ts'
import { serveMedia } from './media.ts'
import { ceilingOf, qualitySchema } from './quality.ts'
import { playbackSchema, toPlayback } from './representations.ts'
import { serveFile } from './serve.ts'
import { bestRendition, mediaObject, playableTrack } from './service.ts'

const audioBody = { 'audio/mp4': { schema: z.string().openapi({ format: 'binary' }) } }
const rangedAnswers = {
  200: { description: 'The whole file', content: audioBody },
  206: {
    description: 'The ranges that were asked for',
    content: { ...audioBody, 'multipart/byteranges': { schema: z.string() } },
  },
  304: { description: 'The copy that the client has is still good' },
}

const getPlayback = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/tracks/{id}/playback',
  operationId: 'getPlayback',
  tags: ['Streaming'],
  summary: 'Get what a player needs',
  description:
    'URLs that work without a header until `expiresAt`, up to the quality of the plan: HLS, one progressive file per rendition, waveform, preview and covers.',
  request: { params: z.object({ id: idSchema('track') }) },
  responses: {
    200: { description: 'How to play it', content: { 'application/json': { schema: playbackSchema } } },
  },
})

const streamTrack = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/tracks/{id}/stream',
  operationId: 'streamTrack',
  tags: ['Streaming'],
  summary: 'Stream a track with a bearer token',
  description:
    'The best rendition at or below the asked quality that the plan allows. Ranges and preconditions as in RFC 9110.',
  request: {
    params: z.object({ id: idSchema('track') }),
    query: z.object({ quality: qualitySchema.default('high') }),
  },
  responses: rangedAnswers,
})

const getMedia = defineRoute('public', {
  method: 'get',
  path: '/media/{token}/{trackId}/{file}',
  operationId: 'getMedia',
  tags: ['Streaming'],
  summary: 'Read a media file',
  description:
    'Playlists (`master.m3u8`, `aac-128.m3u8`, …), audio (`aac-128.mp4`, `flac.mp4`, …), `preview.mp4`, `waveform.dat`, `waveform.json` and covers, at the URLs that playback answers. The token in the path is the credential.',
  request: {
    params: z.object({
      token: z.string().max(1024),
      trackId: idSchema('track'),
      file: z.string().max(64).openapi({ example: 'aac-128.mp4' }),
    }),
  },
  responses: {
    ...rangedAnswers,
    200: {
      description: 'The whole file',
      content: {
        ...audioBody,
        [HLS_MIME_TYPE]: { schema: z.string() },
        'image/webp': { schema: z.string().openapi({ format: 'binary' }) },
        'image/jpeg': { schema: z.string().openapi({ format: 'binary' }) },
        'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) },
        'application/json': { schema: z.looseObject({}) },
      },
    },
  },
})

export const streamingRoutes = createRouter()
  .openapi(getPlayback, async (c) => {
    const { id } = c.req.valid('param')
    touch(c, { trackId: id })
    const deps = streamingDeps(mediaRequestOf(c))
    const track = await playableTrack(deps, id, callerOf(c).accountId)
    return c.json(
      toPlayback(settingsOf(c.env), callerOf(c), id, track, new URL(c.req.url).origin, deps.nowMs),
      200,
    )
  })
  .openapi(streamTrack, async (c) => {
    const { id } = c.req.valid('param')
    touch(c, { trackId: id })
    const { accountId, tier } = callerOf(c)
    const ceiling = ceilingOf(tier)
    const track = await playableTrack(streamingDeps(mediaRequestOf(c)), id, accountId)
    const file = outputNameSchema.parse(
      `${bestRendition(track, c.req.valid('query').quality, ceiling).name}.mp4`,
    )
    const grant = { trackId: id, accountId, tier, ceiling, expiresAt: 0 }
    return serveFile(mediaRequestOf(c), grant, mediaObject(track, file, grant), file)
  })
  .openapi(getMedia, async (c) => {
    const { token, trackId, file } = c.req.valid('param')
    touch(c, { trackId, file })
    return serveMedia(mediaRequestOf(c), token, trackId, file)
  })

const noBody = { description: 'What GET would answer, without its body' }
for (const [route, operationId] of [
  [streamTrack, 'getStreamHead'],
  [getMedia, 'getMediaHead'],
] as const) {
  const { 206: _, ...responses } = route.responses
  documentRoute(streamingRoutes, {
    ...route,
    method: 'head',
    operationId,
    responses: { ...responses, 200: noBody },
  })
}
