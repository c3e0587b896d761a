import { TAG_LIMITS, type TrackTags } from '../catalog/tags.ts'
import { cleanLine } from './clean-text.ts'
import { partsOfFileName } from './file-name.ts'
import { type Lyrics, splitLyrics } from './lyrics.ts'

/** What a tag reader found, as it stands in the file. */
export type RawTags = {
  title?: string | undefined
  artists: string[]
  album?: string | undefined
  albumArtists: string[]
  composers: string[]
  genres: string[]
  trackNumber?: number | null | undefined
  discNumber?: number | null | undefined
  date?: string | undefined
  isrc?: string | undefined
  /** Lyrics of all tags, plain or LRC. */
  lyrics: string[]
}

export const NO_TAGS: RawTags = { artists: [], albumArtists: [], composers: [], genres: [], lyrics: [] }

/** Cleans what a file's tags say; what is missing is taken from its name. Never throws, always within the limits. */
export function cleanTags(raw: RawTags, fileName: string): TrackTags {
  const name = partsOfFileName(fileName)
  const [title] = names([raw.title ?? ''])
  const artists = names(raw.artists)
  const lyrics = lyricsOf(raw.lyrics)
  return {
    title: title ?? name.title,
    artists: artists.length > 0 || title ? artists : names([name.artist ?? '']),
    album: names([raw.album ?? ''])[0] ?? null,
    albumArtists: names(raw.albumArtists),
    composers: names(raw.composers),
    genres: names(raw.genres),
    trackNumber: within(raw.trackNumber, 9999) ?? (title ? null : name.trackNumber),
    discNumber: within(raw.discNumber, 999) ?? (title ? null : name.discNumber),
    releaseDate: normaliseDate(raw.date ?? ''),
    isrc: normaliseIsrc(raw.isrc ?? ''),
    lyricsPlain: lyrics.plain,
    lyricsSynced: lyrics.synced,
  }
}

/** Names that were split at slashes: pieces of up to three characters are one name ("AC/DC", "M/A/R/R/S"). */
export function joinInitials(pieces: string[]): string[] {
  const areInitials = pieces.length > 1 && pieces.every((piece) => piece.length <= 3)
  return areInitials ? [pieces.join('/')] : pieces
}

/** Values that several may stand in one: ID3v2.4 (section 4.2) and others put NUL between them. */
function names(values: string[]): string[] {
  const cleaned = values
    .slice(0, TAG_LIMITS.names)
    .flatMap((value) => value.split('\0', TAG_LIMITS.names))
    .map((value) => cleanLine(value, TAG_LIMITS.text))
  return [...new Set(cleaned.filter((value) => value !== ''))].slice(0, TAG_LIMITS.names)
}

function within(value: number | null | undefined, max: number): number | null {
  return value != null && Number.isInteger(value) && value >= 1 && value <= max ? value : null
}

/** YYYY, YYYY-MM or YYYY-MM-DD, as precise as the text is believable; null without a year. */
export function normaliseDate(raw: string): string | null {
  const [, year = '', month = '', day = ''] =
    /(?<!\d)(\d{4})(?:[-./]?(\d{2})(?:[-./]?(\d{2}))?)?(?!\d)/.exec(raw) ?? []
  if (Number(year) < 1) return null
  if (Number(month) < 1 || Number(month) > 12) return year
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  if (Number(day) < 1 || Number(day) > daysInMonth) return `${year}-${month}`
  return `${year}-${month}-${day}`
}

/** An ISRC (ISO 3901) without its hyphens, or null where the text is none. */
export function normaliseIsrc(raw: string): string | null {
  const text = raw.split('\0', 1)[0]?.replace(/[\s-]/g, '').toUpperCase() ?? ''
  const [, isrc] = /^(?:ISRC:?)?([A-Z]{2}[A-Z0-9]{3}\d{7})$/.exec(text) ?? []
  return isrc ?? null
}

/** The first synced and the first plain lyrics; plain ones of their own win over those made from LRC. */
function lyricsOf(texts: string[]): Lyrics {
  const all = texts.slice(0, 4).map(splitLyrics)
  const own = all.find((lyrics) => lyrics.synced === null && lyrics.plain !== null)
  const synced = all.find((lyrics) => lyrics.synced !== null)
  return { plain: own?.plain ?? synced?.plain ?? null, synced: synced?.synced ?? null }
}
