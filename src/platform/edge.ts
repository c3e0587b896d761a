import { ProblemError } from './errors.ts'
import { type ByteRange, type MultipartPlan, rangeBytes, rangeHeader } from './http-ranges.ts'
import { planResponse, type Representation } from './http-response-plan.ts'
import { errorFields, log } from './log.ts'

/** An immutable object in R2 that is served through the edge cache. */
export type EdgeObject = Representation & { key: string; etag: string }

export type EdgeDeps = {
  bucket: R2Bucket
  cache: Cache
  waitUntil: (promise: Promise<unknown>) => void
}

/** Where the body came from; `none` where there is no body. */
export type EdgeOutcome = 'hit' | 'miss' | 'none'

export type EdgeAnswer = { response: Response; outcome: EdgeOutcome; bytes: number }

/** Larger objects are read from R2 only: a fill must end within the 30 s that `waitUntil` gives. */
const MAX_FILL_BYTES = 256 * 1024 * 1024
const CACHE_ORIGIN = 'https://objects.segue.internal/'

/** A fill that has not ended by then was cut off with the request that it ran behind. */
const FILL_TIMEOUT_MS = 30_000

/** When the fills under way in this isolate began: one an object, however many ask at once. */
const fills = new Map<string, number>()

/**
 * Answers a GET or HEAD for an object by RFC 9110: preconditions, ranges and several ranges, from the cache where the
 * object lies there, else from R2 with a fill behind the answer.
 * @param headers of the answer, beside those that the representation gives
 * @throws ProblemError `precondition_failed`, `range_not_satisfiable`, `unavailable` where R2 holds something else
 */
export async function serveFromEdge(
  deps: EdgeDeps,
  request: Request,
  object: EdgeObject,
  headers: Record<string, string>,
): Promise<EdgeAnswer> {
  const plan = planResponse({ method: request.method, headers: request.headers, representation: object })
  const init = { status: plan.status, headers: { ...headers, ...plan.headers } }
  switch (plan.kind) {
    case 'precondition_failed':
      throw new ProblemError('precondition_failed', undefined, { headers: plan.headers })
    case 'unsatisfiable':
      throw new ProblemError('range_not_satisfiable', undefined, { headers: plan.headers })
    case 'not_modified':
      return { response: new Response(null, init), outcome: 'none', bytes: 0 }
    case 'range':
    case 'whole': {
      if (request.method === 'HEAD') return { response: new Response(null, init), outcome: 'none', bytes: 0 }
      const range = plan.kind === 'range' ? plan.range : null
      const { body, outcome } = await read(deps, object, range)
      return { response: new Response(body, init), outcome, bytes: range ? rangeBytes(range) : object.bytes }
    }
    case 'ranges': {
      const { body, outcome } = await readParts(deps, object, plan.multipart)
      return { response: new Response(body, init), outcome, bytes: plan.multipart.bytes }
    }
  }
}

/** Objects that this isolate has been asked for. */
const met = new Set<string>()
const MET_KEPT = 5_000

/** True where this isolate has not been asked for this object before. */
function isFirstMeeting(name: string): boolean {
  if (met.has(name)) return false
  if (met.size >= MET_KEPT) met.clear()
  met.add(name)
  return true
}

type Read = { body: ReadableStream; outcome: 'hit' | 'miss' }

/** One range (null: all) from the cache, or from R2 with a fill behind it. */
async function read(deps: EdgeDeps, object: EdgeObject, range: ByteRange | null): Promise<Read> {
  if (isFirstMeeting(cacheKey(object))) return readEither(deps, object, range)
  const cached = await openCached(deps, object, range)
  if (cached) return { body: cached, outcome: 'hit' }
  const body = await openStored(deps, object, range)
  fill(deps, object)
  return { body, outcome: 'miss' }
}

/**
 * The first time, an object is likely to lie in no cache: both are asked at once and the quicker one answers, so that a
 * miss waits for nothing but R2.
 */
async function readEither(deps: EdgeDeps, object: EdgeObject, range: ByteRange | null): Promise<Read> {
  const stored = openStored(deps, object, range)
  const cached = openCached(deps, object, range)
  const hit = cached.then((body): Read => {
    if (!body) throw new Error('not in the cache')
    return { body, outcome: 'hit' }
  })
  const miss = stored.then((body): Read => ({ body, outcome: 'miss' }))
  const quicker = await Promise.any([hit, miss]).catch(() => miss)
  deps.waitUntil(
    quicker.outcome === 'hit'
      ? stored.then((body) => body.cancel()).catch(() => undefined)
      : cached.then((body) => (body ? body.cancel() : fill(deps, object))),
  )
  return quicker
}

async function openCached(
  deps: EdgeDeps,
  object: EdgeObject,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  const name = cacheKey(object)
  const cached = await deps.cache.match(
    range ? new Request(name, { headers: { range: rangeHeader(range) } }) : name,
  )
  if (cached?.body && cached.status === (range ? 206 : 200)) return cached.body
  await cached?.body?.cancel()
  return null
}

async function openStored(
  deps: EdgeDeps,
  object: EdgeObject,
  range: ByteRange | null,
): Promise<ReadableStream> {
  const stored = await deps.bucket.get(object.key, {
    onlyIf: { etagMatches: object.etag.slice(1, -1) },
    ...(range ? { range: { offset: range.start, length: rangeBytes(range) } } : {}),
  })
  if (!stored || !('body' in stored)) {
    throw new ProblemError('unavailable', 'The file is being replaced.', { headers: { 'retry-after': '15' } })
  }
  return stored.body
}

/** Copies an object from R2 into the cache behind the answer, unless it is under way or too large. */
function fill(deps: EdgeDeps, object: EdgeObject): void {
  const name = cacheKey(object)
  const nowMs = Date.now()
  if (object.bytes > MAX_FILL_BYTES || nowMs - (fills.get(name) ?? 0) < FILL_TIMEOUT_MS) return
  fills.set(name, nowMs)
  deps.waitUntil(
    copyToCache(deps, object, name)
      .catch((error) => log('warn', 'edge_fill_failed', { key: object.key, ...errorFields(error) }))
      .finally(() => fills.delete(name)),
  )
}

async function copyToCache(deps: EdgeDeps, object: EdgeObject, name: string): Promise<void> {
  // The answer's first byte goes out before the copy starts to compete with it.
  await scheduler.wait(10)
  const stored = await deps.bucket.get(object.key, { onlyIf: { etagMatches: object.etag.slice(1, -1) } })
  if (!stored || !('body' in stored)) return
  await deps.cache.put(
    name,
    new Response(stored.body, {
      headers: {
        'content-length': String(stored.size),
        'content-type': object.mimeType,
        'cache-control': 'public, max-age=31536000, immutable',
        etag: object.etag,
      },
    }),
  )
}

/** The etag stands in the name, so that a file that was replaced is another entry. */
function cacheKey(object: EdgeObject): string {
  return `${CACHE_ORIGIN}${object.key}?etag=${encodeURIComponent(object.etag)}`
}

/** A multipart/byteranges body: each part's header and bytes, then the closing delimiter. */
async function readParts(deps: EdgeDeps, object: EdgeObject, multipart: MultipartPlan): Promise<Read> {
  const [first, ...rest] = multipart.parts
  if (!first) throw new Error('a multipart answer has at least one part')
  const opening = await read(deps, object, first.range)
  const { readable, writable } = new FixedLengthStream(multipart.bytes)
  const writing = (async () => {
    await writeBytes(writable, first.head)
    await opening.body.pipeTo(writable, { preventClose: true })
    for (const part of rest) {
      await writeBytes(writable, part.head)
      await (await read(deps, object, part.range)).body.pipeTo(writable, { preventClose: true })
    }
    await writeBytes(writable, multipart.closing)
    await writable.close()
  })()
  // Either the client has left, or a later part cannot be read: then the answer breaks off instead of hanging.
  deps.waitUntil(
    writing.catch(async (error) => {
      log('debug', 'multipart_ended_early', errorFields(error))
      await writable.abort(error).catch(() => undefined)
    }),
  )
  return { body: readable, outcome: opening.outcome }
}

async function writeBytes(writable: WritableStream, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter()
  await writer.write(bytes)
  writer.releaseLock()
}
