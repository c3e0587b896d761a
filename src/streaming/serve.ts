import { MEDIA_COLUMNS, toDataPoint } from '../platform/analytics.ts'
import { type EdgeObject, serveFromEdge } from '../platform/edge.ts'
import { ProblemError } from '../platform/errors.ts'
import { planResponse } from '../platform/http-response-plan.ts'
import { type MediaRequest, streamingDeps } from './deps.ts'
import type { MediaGrant } from './media-token.ts'

/** Immutable to whoever holds the URL, and to nobody in between. */
const CACHE_CONTROL = 'private, max-age=21600'

/** Answers with a stored file and writes one data point for it. */
export async function serveFile(
  media: MediaRequest,
  grant: MediaGrant,
  object: EdgeObject,
  fileName: string,
): Promise<Response> {
  const answer = await serveFromEdge(streamingDeps(media), media.request, object, {
    'cache-control': CACHE_CONTROL,
  })
  record(media, grant, fileName, answer.outcome, answer.bytes, answer.response.status)
  return answer.response
}

/** Answers with text that is made here: playlists. Their validator is a hash of the text. */
export async function serveText(
  media: MediaRequest,
  grant: MediaGrant,
  text: string,
  mimeType: string,
  fileName: string,
): Promise<Response> {
  const bytes = new TextEncoder().encode(text)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  const etag = `"${Buffer.from(digest).toString('base64url').slice(0, 22)}"`
  const plan = planResponse({
    method: media.request.method,
    headers: withoutRange(media.request.headers),
    representation: { bytes: bytes.byteLength, etag, lastModified: null, mimeType },
  })
  if (plan.kind === 'precondition_failed') {
    throw new ProblemError('precondition_failed', undefined, { headers: plan.headers })
  }
  record(media, grant, fileName, 'none', plan.status === 200 ? bytes.byteLength : 0, plan.status)
  const hasBody = plan.status === 200 && media.request.method !== 'HEAD'
  return new Response(hasBody ? bytes : null, {
    status: plan.status,
    headers: {
      'cache-control': CACHE_CONTROL,
      ...plan.headers,
      'accept-ranges': 'none',
    },
  })
}

/** A playlist is always answered whole, which RFC 9110 section 14.2 leaves to the server. */
function withoutRange(headers: Headers): Pick<Headers, 'get'> {
  return { get: (name) => (name.toLowerCase() === 'range' ? null : headers.get(name)) }
}

/** Writes the one data point of a media answer. */
export function record(
  media: MediaRequest,
  grant: MediaGrant,
  file: string,
  outcome: string,
  bytes: number,
  status: number,
): void {
  const place = media.request.cf
  media.env.PLAYS.writeDataPoint(
    toDataPoint(MEDIA_COLUMNS, grant.trackId, {
      outcome,
      file,
      country: typeof place?.country === 'string' ? place.country : '',
      colo: typeof place?.colo === 'string' ? place.colo : '',
      tier: grant.tier,
      bytes,
      status,
    }),
  )
}
