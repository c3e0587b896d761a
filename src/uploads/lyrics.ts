import { TAG_LIMITS } from '../catalog/tags.ts'
import { cleanLines } from './clean-text.ts'

const STAMP = /\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\]/
const LEADING_STAMPS = new RegExp(`^\\s*(?:${STAMP.source}\\s*)+`)
const WORD_STAMPS = /<\d{1,3}:\d{2}(?:[.:]\d{1,3})?>/g
/** An LRC header such as [ar:Name] or [offset:+250]. */
const HEADER = /^\s*\[[a-z#]+:[^\]]*\]\s*$/i

export type Lyrics = { plain: string | null; synced: string | null }

/**
 * Tells lyrics with time stamps (LRC) from plain ones: LRC has stamps at the beginning of at least half of its
 * non-empty lines. LRC gives plain lyrics as well: its lines without stamps and headers.
 */
export function splitLyrics(raw: string): Lyrics {
  const text = cleanLines(raw, TAG_LIMITS.lyrics)
  const lines = text.split('\n')
  const spoken = lines.filter((line) => line !== '' && !HEADER.test(line))
  const stamped = spoken.filter((line) => LEADING_STAMPS.test(line))
  if (stamped.length === 0 || stamped.length * 2 < spoken.length) return { plain: text || null, synced: null }
  const plain = spoken
    .map((line) => line.replace(LEADING_STAMPS, '').replace(WORD_STAMPS, '').trim())
    .join('\n')
  return { plain: cleanLines(plain, TAG_LIMITS.lyrics) || null, synced: text }
}

/** Lines with times in milliseconds (an ID3v2 SYLT frame) as LRC text. */
export function toLrc(lines: readonly { timestamp?: number | undefined; text: string }[]): string {
  return lines
    .flatMap(({ timestamp, text }) =>
      timestamp === undefined ? [] : [`${stampOf(timestamp)}${text.trim()}`],
    )
    .join('\n')
}

function stampOf(ms: number): string {
  const hundredths = Math.max(0, Math.round(ms / 10))
  const two = (value: number) => String(value).padStart(2, '0')
  return `[${two(Math.floor(hundredths / 6000))}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}]`
}
