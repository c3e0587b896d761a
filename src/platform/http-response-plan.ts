import { formatHttpDate } from './http-date.ts'
import {
  evaluatePreconditions,
  ifRangeHolds,
  type RequestHeaders,
  type Validators,
} from './http-preconditions.ts'
import {
  type ByteRange,
  contentRange,
  type MultipartPlan,
  multipartPlan,
  parseRange,
  type RequestedRanges,
  rangeBytes,
  unsatisfiableContentRange,
} from './http-ranges.ts'

/** The current state of what a URL names, as far as the headers of an answer depend on it. */
export interface Representation extends Validators {
  readonly bytes: number
  readonly mimeType: string
}

export interface RepresentationRequest {
  readonly method: string
  readonly headers: RequestHeaders
  readonly representation: Representation
}

export type ResponseHeaders = Record<string, string>

/**
 * An answer without its body. Of `whole` the body is the whole representation (none for HEAD), of `range` that
 * range, of `ranges` the parts that `multipart` frames. The others have no content of the representation: a body,
 * and the Content-* fields for it, are up to the caller.
 */
export type ResponsePlan =
  | { readonly kind: 'whole'; readonly status: 200; readonly headers: ResponseHeaders }
  | {
      readonly kind: 'range'
      readonly status: 206
      readonly headers: ResponseHeaders
      readonly range: ByteRange
    }
  | {
      readonly kind: 'ranges'
      readonly status: 206
      readonly headers: ResponseHeaders
      readonly multipart: MultipartPlan
    }
  | { readonly kind: 'not_modified'; readonly status: 304; readonly headers: ResponseHeaders }
  | { readonly kind: 'precondition_failed'; readonly status: 412; readonly headers: ResponseHeaders }
  | { readonly kind: 'unsatisfiable'; readonly status: 416; readonly headers: ResponseHeaders }

/**
 * Decides how to answer a request for an existing representation: preconditions first, then Range (RFC 9110 §13.2.2,
 * §14.2). Cache-Control and the like are for the caller to add. `makeBoundary` is asked for several ranges only.
 */
export function planResponse(
  { method, headers, representation }: RepresentationRequest,
  makeBoundary: () => string = randomBoundary,
): ResponsePlan {
  const { etag, lastModified, bytes } = representation
  const outcome = evaluatePreconditions({ method, headers, etag, lastModified })
  if (outcome === 'not_modified') {
    return { kind: 'not_modified', status: 304, headers: validatorHeaders(representation) }
  }
  if (outcome === 'failed') {
    return { kind: 'precondition_failed', status: 412, headers: validatorHeaders(representation) }
  }
  const requested = requestedRanges(method, headers, representation)
  if (requested === 'none') return planWhole(representation)
  if (requested === 'unsatisfiable') return planUnsatisfiable(bytes)
  const [range, ...others] = requested
  return others.length === 0
    ? planRange(range, representation)
    : planRanges(requested, representation, makeBoundary())
}

/** Range is defined for GET alone (RFC 9110 §14.2): a HEAD is answered as if it had none. */
function requestedRanges(
  method: string,
  headers: RequestHeaders,
  { bytes, etag, lastModified }: Representation,
): RequestedRanges {
  const header = method === 'GET' ? headers.get('Range') : null
  return header !== null && ifRangeHolds(headers, etag, lastModified) ? parseRange(header, bytes) : 'none'
}

function planWhole(representation: Representation): ResponsePlan {
  const headers = contentHeaders(representation, representation.mimeType, representation.bytes)
  return { kind: 'whole', status: 200, headers }
}

function planRange(range: ByteRange, representation: Representation): ResponsePlan {
  const headers = contentHeaders(representation, representation.mimeType, rangeBytes(range))
  headers['Content-Range'] = contentRange(range, representation.bytes)
  return { kind: 'range', status: 206, headers, range }
}

/** Content-Range stands in the parts, and must not stand in the header (RFC 9110 §15.3.7.2). */
function planRanges(
  ranges: readonly ByteRange[],
  representation: Representation,
  boundary: string,
): ResponsePlan {
  const multipart = multipartPlan(ranges, representation.bytes, representation.mimeType, boundary)
  const mimeType = `multipart/byteranges; boundary=${boundary}`
  const headers = contentHeaders(representation, mimeType, multipart.bytes)
  return { kind: 'ranges', status: 206, headers, multipart }
}

function planUnsatisfiable(bytes: number): ResponsePlan {
  const headers = { 'Accept-Ranges': 'bytes', 'Content-Range': unsatisfiableContentRange(bytes) }
  return { kind: 'unsatisfiable', status: 416, headers }
}

function contentHeaders(validators: Validators, mimeType: string, bytes: number): ResponseHeaders {
  const headers = validatorHeaders(validators)
  headers['Accept-Ranges'] = 'bytes'
  headers['Content-Type'] = mimeType
  headers['Content-Length'] = String(bytes)
  return headers
}

function validatorHeaders({ etag, lastModified }: Validators): ResponseHeaders {
  const headers: ResponseHeaders = {}
  if (etag !== null) headers.ETag = etag
  if (lastModified !== null) headers['Last-Modified'] = formatHttpDate(lastModified)
  return headers
}

/** Random, so that nobody can upload a file that contains it. */
function randomBoundary(): string {
  return crypto.randomUUID()
}
