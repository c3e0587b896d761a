import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  type ByteRange,
  contentRange,
  multipartPlan,
  parseRange,
  rangeBytes,
  rangeHeader,
  unsatisfiableContentRange,
} from '../../src/platform/http-ranges.ts'

const HUGE = '9'.repeat(30)
const spaces = ' '.repeat(8000)

describe('a Range header for 1000 bytes', () => {
  test.each([
    ['names the first and the last byte', 'bytes=0-499', '0-499'],
    ['may ask for a single byte', 'bytes=999-999', '999-999'],
    ['may be open, up to the end', 'bytes=500-', '500-999'],
    ['is still a range when it covers everything', 'bytes=0-', '0-999'],
    ['may ask for a suffix', 'bytes=-300', '700-999'],
    ['is clamped to the last byte', 'bytes=900-5000', '900-999'],
    ['is clamped even from a number of 30 digits', `bytes=900-${HUGE}`, '900-999'],
    ['gives everything for a suffix that is too long', 'bytes=-5000', '0-999'],
    ['gives everything for a suffix of 30 digits', `bytes=-${HUGE}`, '0-999'],
    ['may have leading zeros', `bytes=${'0'.repeat(30)}5-007`, '5-7'],
    ['has a unit in any case', 'BYTES=1-2', '1-2'],
    ['may list ranges', 'bytes=0-1,10-11', '0-1 10-11'],
    ['may have whitespace round the commas', 'bytes=0-1 \t,\t 10-11', '0-1 10-11'],
    ['may have empty list elements', 'bytes=, ,0-1,,10-11 ,', '0-1 10-11'],
    ['keeps the order of the list', 'bytes=500-600,0-9', '500-600 0-9'],
    ['joins ranges that overlap', 'bytes=0-99,50-149', '0-149'],
    ['joins ranges that touch', 'bytes=100-199,0-99', '0-199'],
    ['joins a range within another', 'bytes=0-,5-6,-1', '0-999'],
    ['puts a joined range where its first member stood', 'bytes=500-509,0-9,510-519', '500-519 0-9'],
    ['leaves a gap of one byte alone', 'bytes=0-9,11-19', '0-9 11-19'],
    ['drops the unsatisfiable part of a list', 'bytes=2000-3000,0-9,-0', '0-9'],
  ])('%s: %s', (_, header, expected) => {
    const ranges = parseRange(header, 1000)
    expect(typeof ranges === 'string' ? ranges : ranges.map(written).join(' ')).toBe(expected)
  })

  test.each([
    ['starting at the end', 'bytes=1000-'],
    ['starting beyond it', 'bytes=5000-6000'],
    ['starting at a number of 30 digits', `bytes=${HUGE}-`],
    ['for the last zero bytes', 'bytes=-0'],
    ['with nothing satisfiable in its list', 'bytes=1000-,-0,2000-3000'],
  ])('cannot be satisfied %s: %s', (_, header) => {
    expect(parseRange(header, 1000)).toBe('unsatisfiable')
  })

  test.each([
    ['the header is missing', null],
    ['the unit is unknown', 'seconds=0-10'],
    ['there is no unit', '0-10'],
    ['the header is empty', ''],
    ['the set is empty', 'bytes='],
    ['the set is only commas', 'bytes=,,'],
    ['a range has no number', 'bytes=-'],
    ['a range has no dash', 'bytes=5'],
    ['a number is negative', 'bytes=--5'],
    ['a number is not decimal', 'bytes=0x0-0xff'],
    ['a number is a fraction', 'bytes=0.5-10'],
    ['a digit is not ASCII', 'bytes=٠-٩'],
    ['first is after last', 'bytes=10-9'],
    ['first is after last beyond the end', 'bytes=5001-5000'],
    ['first is after last by one in 31 digits', `bytes=${HUGE}1-${HUGE}0`],
    ['one of several ranges is invalid', 'bytes=0-1,9-8'],
    ['one of several ranges is of another kind', 'bytes=0-1,foo'],
    ['two headers were merged', 'bytes=0-1, bytes=5-6'],
    ['whitespace stands before the equals sign', 'bytes =0-1'],
    ['whitespace stands after the equals sign', 'bytes= 0-1'],
    ['whitespace stands in a range', 'bytes=0 - 1'],
    ['a no-break space stands at a comma', 'bytes=0-1,\u00a05-6'],
    ['ranges are separated by semicolons', 'bytes=0-1;5-6'],
    ['the header is absurdly long', `bytes=0-1,${spaces}${spaces}2-3`],
  ])('is ignored where %s', (_, header) => {
    expect(parseRange(header, 1000)).toBe('none')
  })

  it('may ask for 16 separate ranges, and is ignored from 17 on', () => {
    const separate = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, i) => `${i * 10}-${i * 10}`).join(',')}`
    expect(parseRange(separate(16), 1000)).toHaveLength(16)
    expect(parseRange(separate(17), 1000)).toBe('none')
  })

  it('counts ranges after joining them', () => {
    const touching = Array.from({ length: 500 }, (_, i) => `${i}-${i}`).join(',')
    expect(parseRange(`bytes=${touching}`, 1000)).toEqual([{ start: 0, end: 499 }])
  })
})

describe('a Range header for an empty representation', () => {
  test.each([
    ['bytes=0-', 'unsatisfiable'],
    ['bytes=0-0', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-5', 'none'],
    ['bytes=0-,-5', 'none'],
    ['bytes=x', 'none'],
  ])('%s is %s', (header, expected) => {
    expect(parseRange(header, 0)).toBe(expected)
  })
})

describe('properties of parseRange', () => {
  const sizes = fc.nat({ max: 3_000 })
  const spec = fc.oneof(
    fc.tuple(fc.nat(4_000), fc.nat(4_000)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.nat(4_000).map((start) => `${start}-`),
    fc.nat(4_000).map((length) => `-${length}`),
  )
  const validHeaders = fc
    .array(spec, { minLength: 1, maxLength: 16 })
    .map((specs) => ({ header: `bytes=${specs.join(', ')}`, specs }))
  const nearlyValid = fc
    .string({ unit: fc.constantFrom(...'0123456789-, \t=bytesW"') })
    .map((text) => `bytes=${text}`)

  it('never throws, and answers ranges within the representation that neither overlap nor touch', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          nearlyValid,
          validHeaders.map(({ header }) => header),
        ),
        sizes,
        (header, size) => {
          const ranges = parseRange(header, size)
          if (typeof ranges === 'string') return
          const ascending = ranges.toSorted((a, b) => a.start - b.start)
          ascending.forEach((range, index) => {
            expect(range.start).toBeGreaterThan((ascending[index - 1]?.end ?? -2) + 1)
            expect(range.end).toBeGreaterThanOrEqual(range.start)
            expect(range.end).toBeLessThan(size)
          })
        },
      ),
    )
  })

  it('covers exactly the bytes that the satisfiable ranges ask for', () => {
    fc.assert(
      fc.property(validHeaders, fc.integer({ min: 1, max: 3_000 }), ({ header, specs }, size) => {
        const answer = parseRange(header, size)
        const ranges = typeof answer === 'string' ? [] : answer
        expect(answer).not.toBe('none')
        for (let byte = 0; byte < size; byte++) {
          const isAskedFor = specs.some((text) => asksFor(text, byte, size))
          const isCovered = ranges.some(({ start, end }) => start <= byte && byte <= end)
          if (isAskedFor !== isCovered) expect.fail(`byte ${byte} of ${size} for ${header}`)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('reads back what rangeHeader writes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const range: ByteRange = { start: Math.min(a, b), end: Math.max(a, b) - 1 }
        fc.pre(range.end >= range.start)
        expect(parseRange(rangeHeader(range), range.end + 1)).toEqual([range])
      }),
    )
  })
})

it('writes Content-Range for a range and for a refusal', () => {
  expect(contentRange({ start: 0, end: 499 }, 1234)).toBe('bytes 0-499/1234')
  expect(unsatisfiableContentRange(1234)).toBe('bytes */1234')
})

describe('a multipart/byteranges body', () => {
  it('has a head before each part, a closing delimiter, and the announced length', () => {
    const ranges = [
      { start: 0, end: 1 },
      { start: 7, end: 9 },
    ]
    const plan = multipartPlan(ranges, 10, 'audio/mp4', 'EDGE')
    const body = assemble(plan.parts, plan.closing, '0123456789')
    expect(body).toBe(
      '--EDGE\r\nContent-Type: audio/mp4\r\nContent-Range: bytes 0-1/10\r\n\r\n01' +
        '\r\n--EDGE\r\nContent-Type: audio/mp4\r\nContent-Range: bytes 7-9/10\r\n\r\n789' +
        '\r\n--EDGE--\r\n',
    )
    expect(plan.bytes).toBe(body.length)
  })

  it('is as long as its parts, whatever they are', () => {
    const range = fc
      .tuple(fc.nat(5_000), fc.nat(5_000))
      .map(([start, length]) => ({ start, end: start + length }))
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 16 }), (ranges) => {
        const plan = multipartPlan(ranges, 10_001, 'audio/mp4', 'EDGE')
        expect(assemble(plan.parts, plan.closing, 'x'.repeat(10_001)).length).toBe(plan.bytes)
      }),
    )
  })

  it('counts the bytes of a range with both ends', () => {
    expect(rangeBytes({ start: 5, end: 5 })).toBe(1)
  })
})

function written({ start, end }: ByteRange): string {
  return `${start}-${end}`
}

function asksFor(spec: string, byte: number, size: number): boolean {
  const [first = '', last = ''] = spec.split('-')
  if (first === '') return byte >= size - Number(last)
  return byte >= Number(first) && (last === '' || byte <= Number(last))
}

function assemble(
  parts: readonly { head: Uint8Array; range: ByteRange }[],
  closing: Uint8Array,
  file: string,
): string {
  const decoder = new TextDecoder()
  const framed = parts.map(({ head, range }) => decoder.decode(head) + file.slice(range.start, range.end + 1))
  return framed.join('') + decoder.decode(closing)
}
