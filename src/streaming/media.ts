import { settingsOf } from '../platform/env.ts'
import { asProblem, ERRORS, ProblemError } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { log } from '../platform/log.ts'
import { allowAnyPage, completeHeaders, problemAnswer } from '../platform/middleware.ts'
import { outputNameSchema, renditionNameSchema } from '../transcoding/protocol.ts'
import { type MediaRequest, streamingDeps } from './deps.ts'
import { HLS_MIME_TYPE, masterPlaylist, mediaPlaylist } from './hls.ts'
import { type MediaGrant, openMediaToken } from './media-token.ts'
import { renditionsUpTo } from './quality.ts'
import { record, serveFile, serveText } from './serve.ts'
import { mediaObject, type Playable, playableTrack, requireQuality } from './service.ts'

const MEDIA_URL =
  /^https?:\/\/[^/]+\/media\/([\w.-]{1,1024})\/(track_[0-7][0-9a-hjkmnp-tv-z]{25})\/([a-z0-9.-]{1,64})$/
const FILE_NAMES = outputNameSchema.exclude(['manifest.json'])

/**
 * Answers GET and HEAD of a well-formed media URL. It is by far the most frequent request and goes round the router, with
 * the same headers, problems and log line as any other.
 * @returns null for any other request: the router's
 */
export async function answerMedia(media: MediaRequest): Promise<Response | null> {
  const { request } = media
  const [, token, trackId, file] = MEDIA_URL.exec(request.url) ?? []
  if (!token || !trackId || !file || (request.method !== 'GET' && request.method !== 'HEAD')) return null
  const startedAt = Date.now()
  const requestId = newId('request')
  const response = await serveMedia(media, token, trackId, file).catch((error) => {
    const problem = problemAnswer(error, requestId)
    return request.method === 'HEAD' ? new Response(null, problem) : problem
  })
  allowAnyPage(response.headers)
  completeHeaders(response.headers, requestId, request.url)
  log('info', 'request', {
    requestId,
    method: request.method,
    route: '/media/:token/:trackId/:file',
    status: response.status,
    durationMs: Date.now() - startedAt,
    trackId,
    file,
  })
  return response
}

/**
 * One file or playlist of a track, as far as the token allows.
 * @throws ProblemError `invalid_token`, `token_expired`, `forbidden`, `account_suspended`, `quality_not_allowed`,
 * `not_found`, and those of `serveFromEdge`
 */
export async function serveMedia(
  media: MediaRequest,
  token: string,
  trackId: string,
  file: string,
): Promise<Response> {
  const deps = streamingDeps(media)
  const grant = openMediaToken(settingsOf(media.env), token, trackId, deps.nowMs)
  try {
    return await serveGranted(media, grant, await playableTrack(deps, trackId, grant.accountId), file)
  } catch (error) {
    record(media, grant, file, 'refused', 0, ERRORS[asProblem(error)?.code ?? 'internal'][0])
    throw error
  }
}

async function serveGranted(
  media: MediaRequest,
  grant: MediaGrant,
  track: Playable,
  file: string,
): Promise<Response> {
  if (file.endsWith('.m3u8'))
    return serveText(media, grant, playlist(track, grant, file), HLS_MIME_TYPE, file)
  const output = FILE_NAMES.safeParse(file)
  if (!output.success) throw noFile()
  return serveFile(media, grant, mediaObject(track, output.data, grant), file)
}

function playlist(track: Playable, grant: MediaGrant, file: string): string {
  if (file === 'master.m3u8') {
    return masterPlaylist({ renditions: renditionsUpTo(track.renditions, grant.ceiling) })
  }
  const name = renditionNameSchema.safeParse(file.slice(0, -'.m3u8'.length))
  const rendition = track.renditions.find((candidate) => candidate.name === name.data)
  if (!rendition) throw noFile()
  requireQuality(rendition.name, grant.ceiling)
  return mediaPlaylist(rendition)
}

function noFile(): ProblemError {
  return new ProblemError('not_found', 'The track has no such file.')
}
