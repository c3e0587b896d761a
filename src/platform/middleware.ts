import type { MiddlewareHandler, Next } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { settingsOf } from './env.ts'
import { asProblem, ERRORS, ProblemError, toProblem } from './errors.ts'
import { type AppContext, type AppEnv, BOOKMARK_HEADER, bookmarkOf } from './http.ts'
import { newId } from './ids.ts'
import { errorFields, log } from './log.ts'

/** The largest body of a JSON operation in bytes. */
const MAX_JSON_BYTES = 1024 * 1024

const STRICT_TRANSPORT = 'max-age=31536000; includeSubDomains'
const NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"

/** Response headers that a browser's script may read. */
export const EXPOSED_HEADERS = [
  BOOKMARK_HEADER,
  'X-Request-Id',
  'Retry-After',
  'ETag',
  'Location',
  'Content-Range',
  'Accept-Ranges',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Checksum-Algorithm',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Expires',
  'Idempotency-Replayed',
]

/** Gives the request its id and state, sets the headers that every answer carries, and writes its log line. */
export function requestScope(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedAt = Date.now()
    c.set('requestId', newId('request'))
    c.set('sessions', new Map())
    c.set('touched', {})
    await underSettings(c, next)
    changeHeaders(c, (headers) => {
      const bookmark = bookmarkOf(c)
      if (bookmark !== null) headers.set(BOOKMARK_HEADER, bookmark)
      completeHeaders(headers, c.get('requestId'), c.req.url)
    })
    log('info', 'request', {
      requestId: c.get('requestId'),
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      durationMs: Date.now() - startedAt,
      ...c.get('touched'),
    })
  }
}

/** Sets what every answer carries and its maker has left open. */
export function completeHeaders(headers: Headers, requestId: string, url: string): void {
  headers.set('X-Request-Id', requestId)
  headers.set('X-Content-Type-Options', 'nosniff')
  headers.set('Referrer-Policy', 'no-referrer')
  // RFC 6797 section 7.2: not over plain HTTP.
  if (url.startsWith('https:')) headers.set('Strict-Transport-Security', STRICT_TRANSPORT)
  // A policy rules what a document may do; audio is none.
  if (!headers.has('content-security-policy') && !headers.get('content-type')?.startsWith('audio/')) {
    headers.set('Content-Security-Policy', NOTHING_ALLOWED)
  }
  if (!headers.has('cache-control')) headers.set('Cache-Control', 'no-store')
}

/**
 * Changes the headers of an answer. Hono's `c.header` would make a new Response for every one of them; this makes one
 * only where the answer cannot be changed, as one that was fetched.
 */
function changeHeaders(c: AppContext, change: (headers: Headers) => void): void {
  try {
    change(c.res.headers)
  } catch {
    c.res = new Response(c.res.body, c.res)
    change(c.res.headers)
  }
}

/** A deployment without its settings serves nothing, but says so with every header. */
async function underSettings(c: AppContext, next: Next): Promise<void> {
  try {
    settingsOf(c.env)
  } catch (error) {
    c.res = onError(error instanceof Error ? error : new Error(String(error)), c)
    return
  }
  await next()
}

/** CORS for the REST surface, by the CORS_ORIGINS setting. */
export function restCors(): MiddlewareHandler<AppEnv> {
  const middleware = cors({
    origin: (origin, c: AppContext) => {
      const allowed = settingsOf(c.env).CORS_ORIGINS
      return allowed.includes('*') || allowed.includes(origin) ? origin : null
    },
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 7200,
  })
  return (c, next) => {
    // OPTIONS is a preflight only where it says so (Fetch, CORS-preflight); tus has a meaning of its own for it.
    const isOwnOptions = c.req.method === 'OPTIONS' && !c.req.header('access-control-request-method')
    return isOwnOptions || settingsOf(c.env).CORS_ORIGINS.length === 0 ? next() : middleware(c, next)
  }
}

/** Response headers of media that a browser's script may read. */
const MEDIA_EXPOSED_HEADERS = 'X-Request-Id,Retry-After,ETag,Content-Range,Accept-Ranges'

/** Lets any page's script read a media answer. */
export function allowAnyPage(headers: Headers): void {
  headers.set('Access-Control-Allow-Origin', '*')
  headers.set('Access-Control-Expose-Headers', MEDIA_EXPOSED_HEADERS)
}

/** CORS for media: the credential is in the path, so any player's page may ask. */
export function mediaCors(): MiddlewareHandler<AppEnv> {
  const preflight = cors({
    origin: '*',
    allowMethods: ['GET', 'HEAD'],
    allowHeaders: [
      'Range',
      'If-Range',
      'If-Match',
      'If-None-Match',
      'If-Modified-Since',
      'If-Unmodified-Since',
    ],
    maxAge: 7200,
  })
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return preflight(c, next)
    await next()
    // Behind the handler: headers that stand before it make Hono copy its answer.
    changeHeaders(c, allowAnyPage)
  }
}

/** The job routes answer on the Worker's own address only where the transcoder is a process of its own. */
export function onlyForOwnTranscoder(): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    if (settingsOf(c.env).TRANSCODER_URL === null) throw new ProblemError('not_found')
    return next()
  }
}

/** Refuses JSON bodies of more than 1 MiB, whether their length is declared or not. */
export function jsonBodyLimit(): MiddlewareHandler<AppEnv> {
  const limit = bodyLimit({
    maxSize: MAX_JSON_BYTES,
    onError: () => {
      throw new ProblemError('payload_too_large', `A JSON body may have ${MAX_JSON_BYTES} bytes.`)
    },
  })
  return (c, next) => (c.req.header('content-type')?.includes('json') ? limit(c, next) : next())
}

/** Answers any error with a problem document. */
export function onError(error: Error, c: AppContext): Response {
  return problemAnswer(error, c.get('requestId') ?? newId('request'))
}

/** The problem document for an error; what is not meant for clients is logged, not shown. */
export function problemAnswer(error: unknown, requestId: string): Response {
  const shown = error instanceof HTTPException ? fromHttpException(error) : error
  const { body, headers } = toProblem(shown, requestId)
  if (asProblem(shown) === null) log('error', 'request_failed', { requestId, ...errorFields(error) })
  return new Response(JSON.stringify(body), {
    status: ERRORS[body.code][0],
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
}

/** Hono's own refusals: malformed JSON, and a body of another type than the operation takes. */
function fromHttpException(error: HTTPException): Error {
  if (error.status === 400) return new ProblemError('validation_failed', error.message, { cause: error })
  if (error.status === 415) return new ProblemError('unsupported_media', undefined, { cause: error })
  return error
}

export function onNotFound(c: AppContext): Response {
  return onError(new ProblemError('not_found', 'No operation has this method and path.'), c)
}
