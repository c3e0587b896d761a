import { TAG_LIMITS } from '../catalog/tags.ts'
import { cleanLine } from './clean-text.ts'
import { MAX_FILE_NAME } from './limits.ts'

export type NameParts = {
  title: string
  artist: string | null
  trackNumber: number | null
  discNumber: number | null
}

export const UNTITLED = 'Untitled'

/** A file name as it is kept: the last part of a path, cleaned; never empty. */
export function cleanFileName(raw: string): string {
  const last = raw.split(/[/\\]/).findLast((part) => part.trim() !== '') ?? ''
  return cleanLine(last, MAX_FILE_NAME) || UNTITLED
}

/** "1-03", "03", "3.", "3 -": a number in front of a name counts where it leads with zero or a mark follows it. "99 Problems" is a title. */
const NUMBER =
  /^(?:(\d{1,2})[-.](?=\d{2}\b))?(?:(0\d{1,2})(?=[\s._-])|(\d{1,3})(?=\s*[.)-]\s|\.\S|\s+-))[\s.)_-]+(?=\S)/

/** What a file without tags is called: "03 - Artist - Title.mp3", "03 Title.flac", "Artist - Title.ogg", "Title.wav". */
export function partsOfFileName(fileName: string): NameParts {
  const stem = cleanFileName(fileName).replace(/\.[A-Za-z0-9]{1,5}$/, '')
  const spaced = (/\s/.test(stem) ? stem : stem.replaceAll('_', ' ')).trim()
  const number = NUMBER.exec(spaced)
  const rest = number ? spaced.slice(number[0].length) : spaced
  const [first = '', ...others] = rest.split(/\s+[-–—]\s+/).map((part) => part.trim())
  const hasArtist = others.length > 0 && first !== ''
  return {
    title: cleanLine(hasArtist ? others.join(' - ') : rest, TAG_LIMITS.text) || UNTITLED,
    artist: hasArtist ? cleanLine(first, TAG_LIMITS.text) || null : null,
    trackNumber: numberOf(number?.[2] ?? number?.[3]),
    discNumber: numberOf(number?.[1]),
  }
}

function numberOf(digits: string | undefined): number | null {
  const value = Number(digits ?? 0)
  return value > 0 ? value : null
}
