/** What a name never holds (the same as `lineSchema` refuses): controls, separators, lone surrogates, direction marks; and the byte order mark. */
const UNWANTED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Composing is not linear in adversarial text: it sees no more than this many UTF-16 units per unit that is kept. */
const SLACK = 4

/**
 * One line of text from outside as it may be kept and shown: NFC, trimmed, at most `max` UTF-16 units, without
 * controls and direction marks; empty where nothing of it can be seen. Applying it again changes nothing.
 */
export function cleanLine(raw: string, max: number): string {
  const plain = raw.replace(BREAKS, ' ').replace(UNWANTED, '').trim()
  const line = cut(cut(plain, max * SLACK).normalize('NFC'), max).trim()
  return VISIBLE.test(line) ? line : ''
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

/**
 * Text whose bytes were read as Latin-1 where they are valid UTF-8: RIFF's INFO chunks name no encoding, the reader
 * takes Latin-1 and most programs write UTF-8. Any other text is returned as it is.
 */
export function utf8ReadAsLatin1(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text
  try {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    // Not UTF-8: then it is Latin-1 as it was read.
    return text
  }
}

/** At most `max` UTF-16 units, not ending in half a character. */
function cut(text: string, max: number): string {
  return text.slice(0, max).replace(/[\ud800-\udbff]$/, '')
}
