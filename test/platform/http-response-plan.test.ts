import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  planResponse,
  type Representation,
  type ResponsePlan,
} from '../../src/platform/http-response-plan.ts'

const CHANGED = 'Sun, 06 Nov 1994 08:49:37 GMT'
const representation: Representation = {
  bytes: 1000,
  etag: '"v1"',
  lastModified: new Date(CHANGED),
  mimeType: 'audio/mp4',
}
const validators = { ETag: '"v1"', 'Last-Modified': CHANGED }
const content = { ...validators, 'Accept-Ranges': 'bytes', 'Content-Type': 'audio/mp4' }

const whole = { kind: 'whole', status: 200, headers: { ...content, 'Content-Length': '1000' } }
const first100 = {
  kind: 'range',
  status: 206,
  headers: { ...content, 'Content-Length': '100', 'Content-Range': 'bytes 0-99/1000' },
  range: { start: 0, end: 99 },
}
const notModified = { kind: 'not_modified', status: 304, headers: validators }
const failed = { kind: 'precondition_failed', status: 412, headers: validators }
const unsatisfiable = {
  kind: 'unsatisfiable',
  status: 416,
  headers: { 'Accept-Ranges': 'bytes', 'Content-Range': 'bytes */1000' },
}

function plan(
  method: string,
  headers: Record<string, string>,
  of: Representation = representation,
): ResponsePlan {
  return planResponse({ method, headers: new Headers(headers), representation: of }, () => 'EDGE')
}

describe('the answer', () => {
  test.each([
    ['to a plain GET is everything', 'GET', {}, whole],
    ['to a GET of a range is that range', 'GET', { Range: 'bytes=0-99' }, first100],
    ['to a GET of an invalid range is everything', 'GET', { Range: 'bytes=9-0' }, whole],
    ['to a GET beyond the end is a refusal with the size', 'GET', { Range: 'bytes=1000-' }, unsatisfiable],
    ['to a HEAD is that of a GET', 'HEAD', {}, whole],
    ['to a HEAD has the full length whatever its Range', 'HEAD', { Range: 'bytes=0-99' }, whole],
    ['to a HEAD is never a refusal of its Range', 'HEAD', { Range: 'bytes=1000-' }, whole],
    ['to a client that has it is 304 without content', 'GET', { 'If-None-Match': '"v1"' }, notModified],
    ['to a HEAD of a client that has it is 304', 'HEAD', { 'If-Modified-Since': CHANGED }, notModified],
    ['is 304 before it is a range', 'GET', { 'If-None-Match': '"v1"', Range: 'bytes=0-99' }, notModified],
    ['to a failed precondition is 412', 'GET', { 'If-Match': '"v0"', Range: 'bytes=0-99' }, failed],
    ['is 412 before it is 416', 'GET', { 'If-Match': '"v0"', Range: 'bytes=1000-' }, failed],
    ['is the range while If-Range holds', 'GET', { 'If-Range': '"v1"', Range: 'bytes=0-99' }, first100],
    [
      'is the range while the date of If-Range holds',
      'GET',
      { 'If-Range': CHANGED, Range: 'bytes=0-99' },
      first100,
    ],
    ['is everything when If-Range does not hold', 'GET', { 'If-Range': '"v0"', Range: 'bytes=0-99' }, whole],
    [
      'is everything rather than 416 when If-Range does not hold',
      'GET',
      { 'If-Range': '"v0"', Range: 'bytes=1000-' },
      whole,
    ],
    ['is everything to an If-Range without a Range', 'GET', { 'If-Range': '"v1"' }, whole],
  ])('%s', (_, method, headers, expected) => {
    expect(plan(method, headers)).toEqual(expected)
  })

  it('to several ranges is multipart, with Content-Range in the parts only', () => {
    const answer = plan('GET', { Range: 'bytes=0-9,20-29' })
    expect(answer).toMatchObject({ kind: 'ranges', status: 206 })
    if (answer.kind !== 'ranges') return
    expect(answer.headers).toEqual({
      ...content,
      'Content-Type': 'multipart/byteranges; boundary=EDGE',
      'Content-Length': String(answer.multipart.bytes),
    })
    expect(answer.multipart.parts.map(({ range }) => range)).toEqual([
      { start: 0, end: 9 },
      { start: 20, end: 29 },
    ])
  })

  it('to several ranges that join is that one range', () => {
    expect(plan('GET', { Range: 'bytes=50-99,0-49' })).toEqual(first100)
  })

  it('makes up a fresh boundary for each multipart answer', () => {
    const headers = new Headers({ Range: 'bytes=0-9,20-29' })
    const [one, other] = [1, 2].map(() => planResponse({ method: 'GET', headers, representation }))
    expect(one?.headers['Content-Type']).toMatch(/^multipart\/byteranges; boundary=[0-9a-f-]{36}$/)
    expect(one?.headers['Content-Type']).not.toBe(other?.headers['Content-Type'])
  })

  it('leaves out the validators that there are not', () => {
    const bare = { ...representation, etag: null, lastModified: null }
    expect(plan('GET', {}, bare).headers).toEqual({
      'Accept-Ranges': 'bytes',
      'Content-Type': 'audio/mp4',
      'Content-Length': '1000',
    })
  })
})

it('announces the length of every body that it plans', () => {
  const number = fc.oneof(fc.constant(''), fc.nat(1_500).map(String))
  const spec = fc.tuple(number, number).map(([first, last]) => `${first}-${last}`)
  const range = fc.array(spec, { maxLength: 20 }).map((specs) => `bytes=${specs.join(',')}`)
  fc.assert(
    fc.property(range, fc.nat(1_200), (header, bytes) => {
      const answer = plan('GET', { Range: header }, { ...representation, bytes })
      if (answer.kind === 'unsatisfiable') return
      expect(answer.headers['Content-Length']).toBe(String(bodyBytes(answer, bytes)))
    }),
  )
})

/** What a server that follows the plan would send. */
function bodyBytes(answer: ResponsePlan, bytes: number): number {
  const file = new Uint8Array(bytes)
  if (answer.kind === 'range') return file.slice(answer.range.start, answer.range.end + 1).length
  if (answer.kind !== 'ranges') return file.length
  const { parts, closing } = answer.multipart
  const framed = parts.flatMap(({ head, range }) => [...head, ...file.slice(range.start, range.end + 1)])
  return framed.length + closing.length
}
