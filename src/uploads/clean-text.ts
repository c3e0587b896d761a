/** What a name never holds: C0 and C1 controls, direction overrides and isolates, lone surrogates, the byte order mark. */
const UNWANTED = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g

/** Composing is not linear in adversarial text: it sees no more than this many UTF-16 units per unit that is kept. */
const SLACK = 4

/**
 * One line of text from outside as it may be kept and shown: NFC, trimmed, at most `max` UTF-16 units, without
 * controls and direction overrides. Applying it again changes nothing.
 */
export function cleanLine(raw: string, max: number): string {
  const plain = raw.replace(BREAKS, ' ').replace(UNWANTED, '').trim()
  return cut(cut(plain, max * SLACK).normalize('NFC'), max).trim()
}

/** Text of several lines: each line cleaned, line ends as \n, no more than one empty line in a row, at most `max` UTF-16 units. */
export function cleanLines(raw: string, max: number): string {
  const lines = raw
    .slice(0, max * SLACK)
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => cleanLine(line, MAX_LINE))
  const text = lines.join('\n').replace(/\n{3,}/g, '\n\n')
  return cut(text, max).trim()
}

const MAX_LINE = 1000

/** At most `max` UTF-16 units, not ending in half a character. */
function cut(text: string, max: number): string {
  return text.slice(0, max).replace(/[\ud800-\udbff]$/, '')
}
