const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const MONTH = `(?<month>${MONTHS.join('|')})`
const TIME = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})'
const SHORT_DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)'

/** IMF-fixdate, RFC 850 and asctime: the three that a recipient must take (RFC 9110 §5.6.7). */
const FORMATS = [
  new RegExp(`^${SHORT_DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`),
  new RegExp(`^${SHORT_DAY} ${MONTH} (?<day>\\d{2}| \\d) ${TIME} (?<year>\\d{4})$`),
]

/**
 * Reads an HTTP-date in any of its three formats; answers milliseconds since the epoch, or null where it is not
 * one. `now` (milliseconds) gives the two digits of an RFC 850 year their century.
 */
export function parseHttpDate(text: string, now: () => number = Date.now): number | null {
  for (const format of FORMATS) {
    const fields = format.exec(text)?.groups
    if (fields) return toEpochMs(fields, now)
  }
  return null
}

/** Writes an IMF-fixdate, the only format that a sender may use. */
export function formatHttpDate(date: Date): string {
  return date.toUTCString()
}

function toEpochMs(fields: Record<string, string>, now: () => number): number | null {
  const { year = '', month = '', day, hour, minute, second } = fields
  const time = { hour: Number(hour), minute: Number(minute), second: Number(second) }
  // 60 is a leap second.
  if (time.hour > 23 || time.minute > 59 || time.second > 60) return null
  const inYear = (fullYear: number): number | null => {
    const date = new Date(0)
    date.setUTCFullYear(fullYear, MONTHS.indexOf(month), Number(day))
    if (date.getUTCDate() !== Number(day)) return null
    return date.setUTCHours(time.hour, time.minute, time.second)
  }
  return year.length === 2 ? inNearestCentury(Number(year), inYear, now()) : inYear(Number(year))
}

/** The latest year with these last two digits that is not more than 50 years ahead (RFC 9110 §5.6.7). */
function inNearestCentury(
  twoDigits: number,
  inYear: (fullYear: number) => number | null,
  nowMs: number,
): number | null {
  const horizon = new Date(nowMs)
  horizon.setUTCFullYear(horizon.getUTCFullYear() + 50)
  const century = Math.floor(horizon.getUTCFullYear() / 100) * 100
  const latest = inYear(century + twoDigits)
  const isTooFar = century + twoDigits > horizon.getUTCFullYear() || (latest ?? 0) > horizon.getTime()
  return isTooFar ? inYear(century - 100 + twoDigits) : latest
}
