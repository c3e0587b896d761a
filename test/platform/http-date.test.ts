import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../src/platform/http-date.ts'

const in2026 = () => Date.UTC(2026, 5, 15, 12)

describe('an HTTP-date', () => {
  test.each([
    ['an IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['an RFC 850 date', 'Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['an asctime date', 'Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['an asctime date with a day of two digits', 'Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
    ['a leap day', 'Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00Z'],
    ['a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
    ['a year of one digit', 'Sat, 01 Jan 0005 00:00:00 GMT', '0005-01-01T00:00:00Z'],
  ])('may be %s: %s', (_, text, iso) => {
    expect(parseHttpDate(text, in2026)).toBe(Date.parse(iso))
  })

  test.each([
    ['the near future', 'Monday, 01-Jan-30 00:00:00 GMT', '2030-01-01T00:00:00Z'],
    ['50 years ahead to the second', 'Monday, 15-Jun-76 12:00:00 GMT', '2076-06-15T12:00:00Z'],
    ['the past when a second further ahead', 'Monday, 15-Jun-76 12:00:01 GMT', '1976-06-15T12:00:01Z'],
    ['the past when a year further ahead', 'Monday, 01-Jan-77 00:00:00 GMT', '1977-01-01T00:00:00Z'],
  ])('of two digits means %s: %s', (_, text, iso) => {
    expect(parseHttpDate(text, in2026)).toBe(Date.parse(iso))
  })

  it('of two digits reaches into the next century where that is near', () => {
    const in1999 = () => Date.UTC(1999, 11, 31)
    expect(parseHttpDate('Saturday, 01-Jan-00 00:00:00 GMT', in1999)).toBe(Date.UTC(2000, 0, 1))
    expect(parseHttpDate('Friday, 01-Jan-99 00:00:00 GMT', in1999)).toBe(Date.UTC(1999, 0, 1))
  })

  test.each([
    ['empty', ''],
    ['ISO 8601', '1994-11-06T08:49:37Z'],
    ['a number', '784111777'],
    ['in another zone', 'Sun, 06 Nov 1994 08:49:37 CET'],
    ['without a zone', 'Sun, 06 Nov 1994 08:49:37'],
    ['in lower case', 'sun, 06 nov 1994 08:49:37 gmt'],
    ['with a day of one digit', 'Sun, 6 Nov 1994 08:49:37 GMT'],
    ['of an unknown day', 'Day, 06 Nov 1994 08:49:37 GMT'],
    ['of an unknown month', 'Sun, 06 Nox 1994 08:49:37 GMT'],
    ['the 30th of February', 'Fri, 30 Feb 2024 00:00:00 GMT'],
    ['the 29th of February of a common year', 'Wed, 29 Feb 2023 00:00:00 GMT'],
    ['the 29th of February of a common RFC 850 year', 'Wednesday, 29-Feb-23 00:00:00 GMT'],
    ['the day zero', 'Sun, 00 Nov 1994 08:49:37 GMT'],
    ['at 24 hours', 'Sun, 06 Nov 1994 24:00:00 GMT'],
    ['at 60 minutes', 'Sun, 06 Nov 1994 08:60:00 GMT'],
    ['at 61 seconds', 'Sun, 06 Nov 1994 08:49:61 GMT'],
    ['two dates', 'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT'],
  ])('is not one when %s', (_, text) => {
    expect(parseHttpDate(text, in2026)).toBeNull()
  })

  it('reads back what formatHttpDate writes', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseHttpDate(formatHttpDate(date))).toBe(Math.floor(date.getTime() / 1000) * 1000)
      }),
    )
  })
})
