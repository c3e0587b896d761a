/** A closed interval of byte positions: `end` is the last byte, not the one after it (RFC 9110 §14.1.2). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export type ByteRanges = readonly [ByteRange, ...ByteRange[]]

/** `none`: there is no Range header, or it is to be ignored, so the answer is the whole representation. */
export type RequestedRanges = 'none' | 'unsatisfiable' | ByteRanges

/** The framing of a multipart/byteranges body: each part is its `head` and then its range; `closing` ends the body. */
export interface MultipartPlan {
  readonly parts: readonly { readonly head: Uint8Array; readonly range: ByteRange }[]
  readonly closing: Uint8Array
  /** Length of the whole body, its Content-Length. */
  readonly bytes: number
}

/** Parts of one answer. Who asks for more is answered in full, which RFC 9110 §17.15 calls for in egregious requests. */
const MAX_RANGES = 16

/** Bounds the work that one header can cause; the longest set of 16 sensible ranges takes 700 characters. */
const MAX_HEADER_CHARS = 8192

/** Whitespace belongs round the commas only (RFC 9110 §5.6.1), so none may stand before the first range. */
const BYTES_UNIT = /^bytes=(?![ \t]+[^ \t,])/i

const RANGE_SPEC = /^(\d*)-(\d*)$/

/**
 * Reads a Range header (RFC 9110 §14.2) for a representation of `size` bytes. Ranges that overlap or touch are
 * joined; the rest keep the order in which they were asked for (§15.3.7.2). Never throws.
 */
export function parseRange(header: string | null, size: number): RequestedRanges {
  if (header === null || header.length > MAX_HEADER_CHARS || !BYTES_UNIT.test(header)) return 'none'
  const ranges = parseRangeSet(header.slice('bytes='.length), size)
  if (ranges === 'invalid') return 'none'
  const [first, ...others] = coalesce(ranges)
  if (!first) return 'unsatisfiable'
  // A suffix of an empty representation is satisfiable, but no Content-Range can express it.
  if (size === 0 || others.length >= MAX_RANGES) return 'none'
  return [first, ...others]
}

/** The Range header that asks for exactly this. */
export function rangeHeader(range: ByteRange): string {
  return `bytes=${range.start}-${range.end}`
}

/** The Content-Range header of a 206 with one part (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`
}

/** The Content-Range header of a 416 (RFC 9110 §15.5.17). */
export function unsatisfiableContentRange(size: number): string {
  return `bytes */${size}`
}

export function rangeBytes(range: ByteRange): number {
  return range.end - range.start + 1
}

/**
 * Frames several ranges of a representation of `size` bytes as multipart/byteranges (RFC 9110 §14.6, RFC 2046
 * §5.1.1). `boundary` must not occur in the representation.
 */
export function multipartPlan(
  ranges: readonly ByteRange[],
  size: number,
  mimeType: string,
  boundary: string,
): MultipartPlan {
  const encoder = new TextEncoder()
  const parts = ranges.map((range, index) => {
    const delimiter = `${index === 0 ? '' : '\r\n'}--${boundary}\r\n`
    const fields = `Content-Type: ${mimeType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`
    return { head: encoder.encode(delimiter + fields), range }
  })
  const closing = encoder.encode(`\r\n--${boundary}--\r\n`)
  const bytes = parts.reduce((sum, part) => sum + part.head.length + rangeBytes(part.range), closing.length)
  return { parts, closing, bytes }
}

/** The satisfiable ranges of a set, in its order. Empty list elements are skipped (RFC 9110 §5.6.1.2). */
function parseRangeSet(set: string, size: number): ByteRange[] | 'invalid' {
  const ranges: ByteRange[] = []
  let hasSpec = false
  for (const element of set.split(',')) {
    const spec = trimOptionalWhitespace(element)
    if (spec === '') continue
    hasSpec = true
    const range = parseRangeSpec(spec, size)
    if (range === 'invalid') return 'invalid'
    if (range !== 'unsatisfiable') ranges.push(range)
  }
  return hasSpec ? ranges : 'invalid'
}

function parseRangeSpec(spec: string, size: number): ByteRange | 'unsatisfiable' | 'invalid' {
  const match = RANGE_SPEC.exec(spec)
  if (!match || spec === '-') return 'invalid'
  const [, first = '', last = ''] = match
  if (first === '') return suffixRange(Number(last), size)
  if (last !== '' && isGreater(first, last)) return 'invalid'
  const start = Number(first)
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function suffixRange(length: number, size: number): ByteRange | 'unsatisfiable' {
  return length === 0 ? 'unsatisfiable' : { start: size - Math.min(length, size), end: size - 1 }
}

/** Compares decimal digits; beyond 2^53 by the digits themselves, since numbers there run into one another. */
function isGreater(a: string, b: string): boolean {
  if (Number(b) <= Number.MAX_SAFE_INTEGER) return Number(a) > Number(b)
  const width = Math.max(a.length, b.length)
  return a.padStart(width, '0') > b.padStart(width, '0')
}

function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length < 2) return ranges
  const ascending = ranges.map(({ start, end }, order) => ({ start, end, order }))
  ascending.sort((a, b) => a.start - b.start)
  const joined: typeof ascending = []
  for (const range of ascending) {
    const previous = joined.at(-1)
    if (previous && range.start <= previous.end + 1) {
      previous.end = Math.max(previous.end, range.end)
      previous.order = Math.min(previous.order, range.order)
    } else {
      joined.push(range)
    }
  }
  return joined.sort((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }))
}

/** By hand: `trim` takes more than the OWS of RFC 9110 §5.6.3, and a pattern anchored at the end is quadratic. */
function trimOptionalWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isOptionalWhitespace(text.charAt(start))) start++
  while (end > start && isOptionalWhitespace(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

function isOptionalWhitespace(character: string): boolean {
  return character === ' ' || character === '\t'
}
