import { parseHttpDate } from './http-date.ts'

/** What identifies the current state of a representation: its ETag with the quotes, and its last change. */
export interface Validators {
  readonly etag: string | null
  readonly lastModified: Date | null
}

export type RequestHeaders = Pick<Headers, 'get'>

export interface ConditionalRequest extends Validators {
  readonly method: string
  readonly headers: RequestHeaders
}

/** `not_modified` is a 304, `failed` a 412. */
export type PreconditionOutcome = 'proceed' | 'not_modified' | 'failed'

/** Methods that select no representation, so that conditions mean nothing (RFC 9110 §13.2.1). */
const UNCONDITIONAL_METHODS: readonly string[] = ['OPTIONS', 'TRACE', 'CONNECT']

/** The parts of a list of entity-tags (RFC 9110 §8.8.3); a comma may stand within the quotes. */
const TAG_LIST_TOKEN = /[ \t]+|,|(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/gy

/**
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since against an existing representation,
 * in the order of RFC 9110 §13.2.2. Dates that do not parse are ignored; a malformed list of tags matches nothing.
 */
export function evaluatePreconditions(request: ConditionalRequest): PreconditionOutcome {
  if (UNCONDITIONAL_METHODS.includes(request.method)) return 'proceed'
  if (!isStillTheExpectedState(request)) return 'failed'
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isAlreadyKnown(request, isRead)) return 'proceed'
  return isRead ? 'not_modified' : 'failed'
}

/**
 * Whether a Range header may be honoured in view of If-Range (RFC 9110 §13.1.5): the tag is compared strongly, a
 * date must be exactly the last change. True where the header is missing.
 */
export function ifRangeHolds(
  headers: RequestHeaders,
  etag: string | null,
  lastModified: Date | null,
): boolean {
  const header = headers.get('If-Range')
  if (header === null) return true
  // A quote among the first three characters tells a tag from a date.
  if (!header.slice(0, 3).includes('"')) {
    return lastModified !== null && parseHttpDate(header) === wholeSecondsMs(lastModified)
  }
  const tags = parseEntityTags(header)
  return tags.length === 1 && isStrongMatch(tags, etag)
}

/** Steps 1 and 2: If-Match, and only without it If-Unmodified-Since. */
function isStillTheExpectedState({ headers, etag, lastModified }: ConditionalRequest): boolean {
  const ifMatch = headers.get('If-Match')
  if (ifMatch !== null) return ifMatch === '*' || isStrongMatch(parseEntityTags(ifMatch), etag)
  return isUnchangedSince(headers.get('If-Unmodified-Since'), lastModified) ?? true
}

/** Steps 3 and 4: If-None-Match, and only without it, for reads, If-Modified-Since. */
function isAlreadyKnown({ headers, etag, lastModified }: ConditionalRequest, isRead: boolean): boolean {
  const ifNoneMatch = headers.get('If-None-Match')
  if (ifNoneMatch !== null) return ifNoneMatch === '*' || isWeakMatch(parseEntityTags(ifNoneMatch), etag)
  return isRead && (isUnchangedSince(headers.get('If-Modified-Since'), lastModified) ?? false)
}

/** Null where the question cannot be answered, which makes the header one to ignore. */
function isUnchangedSince(header: string | null, lastModified: Date | null): boolean | null {
  if (header === null || lastModified === null) return null
  const since = parseHttpDate(header)
  return since === null ? null : wholeSecondsMs(lastModified) <= since
}

/** HTTP-dates know no fractions, so the client saw the change at the second that it fell in. */
function wholeSecondsMs(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000
}

function isStrongMatch(tags: readonly string[], etag: string | null): boolean {
  return etag !== null && !etag.startsWith('W/') && tags.includes(etag)
}

function isWeakMatch(tags: readonly string[], etag: string | null): boolean {
  return etag !== null && tags.some((tag) => opaqueTag(tag) === opaqueTag(etag))
}

function opaqueTag(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}

/** Empty for a list with an error anywhere in it. */
function parseEntityTags(list: string): string[] {
  const tags: string[] = []
  let parsedChars = 0
  let isSeparated = true
  for (const [token] of list.matchAll(TAG_LIST_TOKEN)) {
    parsedChars += token.length
    if (token === ',') {
      isSeparated = true
    } else if (token.endsWith('"')) {
      if (!isSeparated) return []
      tags.push(token)
      isSeparated = false
    }
  }
  return parsedChars === list.length ? tags : []
}
