import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { evaluatePreconditions, ifRangeHolds } from '../../src/platform/http-preconditions.ts'

const CHANGED = 'Sun, 06 Nov 1994 08:49:37 GMT'
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT'
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT'
/** With a fraction, as stores keep it and HTTP-dates do not. */
const lastModified = new Date('1994-11-06T08:49:37.800Z')

type Row = [sentence: string, headers: Record<string, string>, outcome: string]

function evaluate(
  headers: Record<string, string>,
  { method = 'GET', etag = '"v1"' as string | null, changed = lastModified as Date | null } = {},
) {
  return evaluatePreconditions({ method, headers: new Headers(headers), etag, lastModified: changed })
}

describe('a GET of a representation with the tag "v1"', () => {
  test.each<Row>([
    ['goes ahead without conditions', {}, 'proceed'],
    ['goes ahead if it has the state that If-Match names', { 'If-Match': '"v1"' }, 'proceed'],
    ['goes ahead if any tag of the list matches', { 'If-Match': '"v0" ,"v1",\t"v2"' }, 'proceed'],
    ['goes ahead if anything exists', { 'If-Match': '*' }, 'proceed'],
    ['fails if it has another state', { 'If-Match': '"v0"' }, 'failed'],
    ['fails if the tag is weak, as If-Match compares strongly', { 'If-Match': 'W/"v1"' }, 'failed'],
    ['fails if the list is empty', { 'If-Match': '' }, 'failed'],
    ['fails if the tag has no quotes', { 'If-Match': 'v1' }, 'failed'],
    ['fails if the list is malformed', { 'If-Match': '"v1" "v2"' }, 'failed'],
    ['goes ahead if unchanged since the date of the change', { 'If-Unmodified-Since': CHANGED }, 'proceed'],
    ['goes ahead if unchanged since a later date', { 'If-Unmodified-Since': AFTER }, 'proceed'],
    ['fails if changed since', { 'If-Unmodified-Since': BEFORE }, 'failed'],
    ['ignores If-Unmodified-Since with an invalid date', { 'If-Unmodified-Since': 'yesterday' }, 'proceed'],
    [
      'ignores If-Unmodified-Since beside If-Match',
      { 'If-Match': '"v1"', 'If-Unmodified-Since': BEFORE },
      'proceed',
    ],
    [
      'fails by If-Match whatever If-Unmodified-Since says',
      { 'If-Match': '"v0"', 'If-Unmodified-Since': AFTER },
      'failed',
    ],
    ['is not modified if the client has that tag', { 'If-None-Match': '"v1"' }, 'not_modified'],
    ['is not modified if the client has it as a weak tag', { 'If-None-Match': 'W/"v1"' }, 'not_modified'],
    [
      'is not modified if the client has one of a list',
      { 'If-None-Match': '"v0",,W/"v1" , "v2"' },
      'not_modified',
    ],
    ['is not modified if the client has anything', { 'If-None-Match': '*' }, 'not_modified'],
    ['goes ahead if the client has another tag', { 'If-None-Match': '"v0", W/"V1"' }, 'proceed'],
    ['goes ahead if the list is malformed', { 'If-None-Match': '"v1", v2' }, 'proceed'],
    ['goes ahead if a tag is left open', { 'If-None-Match': '"v1", "v2' }, 'proceed'],
    ['goes ahead if the star is in a list', { 'If-None-Match': '"v0", *' }, 'proceed'],
    ['goes ahead if weakness is in lower case', { 'If-None-Match': 'w/"v1"' }, 'proceed'],
    ['is not modified since the date of the change', { 'If-Modified-Since': CHANGED }, 'not_modified'],
    ['is not modified since a later date', { 'If-Modified-Since': AFTER }, 'not_modified'],
    [
      'is not modified since an RFC 850 date',
      { 'If-Modified-Since': 'Sunday, 06-Nov-94 08:49:37 GMT' },
      'not_modified',
    ],
    [
      'is not modified since an asctime date',
      { 'If-Modified-Since': 'Sun Nov  6 08:49:37 1994' },
      'not_modified',
    ],
    ['goes ahead if modified since', { 'If-Modified-Since': BEFORE }, 'proceed'],
    ['ignores If-Modified-Since with an invalid date', { 'If-Modified-Since': 'tomorrow' }, 'proceed'],
    [
      'ignores If-Modified-Since beside If-None-Match',
      { 'If-None-Match': '"v0"', 'If-Modified-Since': AFTER },
      'proceed',
    ],
    ['fails before it is not modified', { 'If-Match': '"v0"', 'If-None-Match': '"v1"' }, 'failed'],
    ['is not modified after If-Match holds', { 'If-Match': '"v1"', 'If-None-Match': '"v1"' }, 'not_modified'],
    [
      'is not modified after If-Unmodified-Since holds',
      { 'If-Unmodified-Since': AFTER, 'If-Modified-Since': AFTER },
      'not_modified',
    ],
  ])('%s', (_, headers, outcome) => {
    expect(evaluate(headers)).toBe(outcome)
    expect(evaluate(headers, { method: 'HEAD' })).toBe(outcome)
  })
})

describe('a PUT', () => {
  test.each<Row>([
    ['fails if anything exists that should not', { 'If-None-Match': '*' }, 'failed'],
    ['fails if the tag is there already', { 'If-None-Match': 'W/"v1"' }, 'failed'],
    ['fails if it would overwrite another state', { 'If-Match': '"v0"' }, 'failed'],
    ['goes ahead on the state it knows', { 'If-Match': '"v1"' }, 'proceed'],
    ['ignores If-Modified-Since', { 'If-Modified-Since': AFTER }, 'proceed'],
  ])('%s', (_, headers, outcome) => {
    expect(evaluate(headers, { method: 'PUT' })).toBe(outcome)
  })
})

it('ignores conditions for OPTIONS, which selects no representation', () => {
  expect(evaluate({ 'If-Match': '"v0"', 'If-None-Match': '*' }, { method: 'OPTIONS' })).toBe('proceed')
})

describe('a representation', () => {
  it('may have commas in its tag', () => {
    expect(evaluate({ 'If-None-Match': '"a", "b,c"' }, { etag: '"b,c"' })).toBe('not_modified')
    expect(evaluate({ 'If-None-Match': '"a", "b,c"' }, { etag: '"b"' })).toBe('proceed')
    expect(evaluate({ 'If-None-Match': '"a,"b",c"' }, { etag: '"b"' })).toBe('proceed')
  })

  it('may have an empty tag', () => {
    expect(evaluate({ 'If-None-Match': '""' }, { etag: '""' })).toBe('not_modified')
  })

  it('with a weak tag matches weakly but never strongly', () => {
    const weak = { etag: 'W/"v1"' }
    expect(evaluate({ 'If-None-Match': '"v1"' }, weak)).toBe('not_modified')
    expect(evaluate({ 'If-None-Match': 'W/"v1"' }, weak)).toBe('not_modified')
    expect(evaluate({ 'If-Match': 'W/"v1"' }, weak)).toBe('failed')
  })

  it('without a tag matches only the star', () => {
    expect(evaluate({ 'If-None-Match': '"v1"' }, { etag: null })).toBe('proceed')
    expect(evaluate({ 'If-Match': '"v1"' }, { etag: null })).toBe('failed')
    expect(evaluate({ 'If-Match': '*' }, { etag: null })).toBe('proceed')
  })

  it('without a date ignores conditions on dates', () => {
    expect(evaluate({ 'If-Unmodified-Since': BEFORE }, { changed: null })).toBe('proceed')
    expect(evaluate({ 'If-Modified-Since': AFTER }, { changed: null })).toBe('proceed')
  })
})

describe('If-Range', () => {
  test.each([
    ['the current tag holds', '"v1"', true],
    ['another tag does not', '"v0"', false],
    ['the tag as a weak one does not', 'W/"v1"', false],
    ['a list does not', '"v1", "v2"', false],
    ['a star does not', '*', false],
    ['a tag left open does not', '"v1', false],
    ['the exact date of the change holds', CHANGED, true],
    ['the same date in another format holds', 'Sunday, 06-Nov-94 08:49:37 GMT', true],
    ['a later date does not', AFTER, false],
    ['an earlier date does not', BEFORE, false],
    ['nonsense does not', 'v1', false],
    ['nothing does not', '', false],
  ])('with %s', (_, header, expected) => {
    expect(ifRangeHolds(new Headers({ 'If-Range': header }), '"v1"', lastModified)).toBe(expected)
  })

  it('holds where it is missing', () => {
    expect(ifRangeHolds(new Headers(), '"v1"', lastModified)).toBe(true)
    expect(ifRangeHolds(new Headers(), null, null)).toBe(true)
  })

  it('never holds against a weak tag, no tag or no date', () => {
    expect(ifRangeHolds(new Headers({ 'If-Range': 'W/"v1"' }), 'W/"v1"', null)).toBe(false)
    expect(ifRangeHolds(new Headers({ 'If-Range': '"v1"' }), null, null)).toBe(false)
    expect(ifRangeHolds(new Headers({ 'If-Range': 'nonsense' }), null, null)).toBe(false)
  })
})

describe('properties of preconditions', () => {
  const tagText = fc.string({ unit: fc.constantFrom(...'abc,!/W') })
  const tag = fc.tuple(fc.boolean(), tagText).map(([isWeak, text]) => `${isWeak ? 'W/' : ''}"${text}"`)
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'"W/,* \tab') }),
    fc.constantFrom(CHANGED, BEFORE, AFTER),
  )
  const names = ['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range']

  it('never throw', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), tag, (headers, etag) => {
        evaluate(headers, { etag })
        ifRangeHolds(new Headers(headers), etag, lastModified)
      }),
    )
  })

  it('find a tag wherever it stands in a list', () => {
    fc.assert(
      fc.property(fc.array(tag), tag, fc.array(tag), (before, etag, after) => {
        const list = [...before, etag, ...after].join(', ')
        expect(evaluate({ 'If-None-Match': list }, { etag })).toBe('not_modified')
        expect(evaluate({ 'If-Match': list }, { etag })).toBe(etag.startsWith('W/') ? 'failed' : 'proceed')
      }),
    )
  })

  it('do not stall on a long hostile list', { timeout: 1_000 }, () => {
    const list = `${' \t'.repeat(50_000)}x${'"'.repeat(50_000)}`
    expect(evaluate({ 'If-None-Match': `"v1",${list}` })).toBe('proceed')
  })
})
