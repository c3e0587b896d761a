import { z } from '@hono/zod-openapi'
import { settingsOf } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { type AppContext, callerOf, createRouter, defineRoute, touch } from '../platform/http.ts'
import { idSchema } from '../platform/ids.ts'
import { outputNameSchema, renditionNameSchema } from '../transcoding/protocol.ts'
import { streamingDeps } from './deps.ts'
import { HLS_MIME_TYPE, masterPlaylist, mediaPlaylist } from './hls.ts'
import { openMediaToken } from './media-token.ts'
import { ceilingOf, qualitySchema, renditionsUpTo } from './quality.ts'
import { playbackSchema, toPlayback } from './representations.ts'
import { serveFile, serveText } from './serve.ts'
import { bestRendition, mediaObject, playableTrack, requireQuality } from './service.ts'

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
    const deps = streamingDeps(c)
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
    const track = await playableTrack(streamingDeps(c), id, accountId)
    const file = outputNameSchema.parse(
      `${bestRendition(track, c.req.valid('query').quality, ceiling).name}.mp4`,
    )
    const grant = { trackId: id, accountId, tier, ceiling, expiresAt: 0 }
    return serveFile(c, grant, mediaObject(track, file, grant), file)
  })
  .openapi(getMedia, async (c) => {
    const { token, trackId, file } = c.req.valid('param')
    return serveMedia(c, token, trackId, file)
  })

async function serveMedia(c: AppContext, token: string, trackId: string, file: string): Promise<Response> {
  const deps = streamingDeps(c)
  const grant = openMediaToken(settingsOf(c.env), token, trackId, deps.nowMs)
  touch(c, { trackId, accountId: grant.accountId, file })
  const track = await playableTrack(deps, trackId, grant.accountId)
  if (file === 'master.m3u8') {
    return serveText(
      c,
      grant,
      masterPlaylist({ renditions: renditionsUpTo(track.renditions, grant.ceiling) }),
      HLS_MIME_TYPE,
      file,
    )
  }
  if (file.endsWith('.m3u8')) {
    const name = renditionNameSchema.safeParse(file.slice(0, -'.m3u8'.length))
    const rendition = track.renditions.find((candidate) => candidate.name === name.data)
    if (!rendition) throw noFile()
    requireQuality(rendition.name, grant.ceiling)
    return serveText(c, grant, mediaPlaylist(rendition), HLS_MIME_TYPE, file)
  }
  const output = outputNameSchema.exclude(['manifest.json']).safeParse(file)
  if (!output.success) throw noFile()
  return serveFile(c, grant, mediaObject(track, output.data, grant), file)
}

function noFile(): ProblemError {
  return new ProblemError('not_found', 'The track has no such file.')
}
