import { tokenizer } from '@tokenizer/range'
import { type IAudioMetadata, LyricsContentType, parseFromTokenizer, TimestampFormat } from 'music-metadata'
import { z } from 'zod'
import { errorFields, log } from '../platform/log.ts'
import type { SourceFormat } from '../transcoding/protocol.ts'
import { utf8ReadAsLatin1 } from './clean-text.ts'
import { withoutPictures } from './id3.ts'
import { toLrc } from './lyrics.ts'
import type { ReadAt } from './originals.ts'
import { joinInitials, NO_TAGS, type RawTags } from './tags.ts'

/** The most that is read of a file for its tags, in bytes; a file that wants more keeps only its name. */
const BUDGET_BYTES = 16 * 1024 * 1024

/** One read, in bytes: few files need a third. */
const READ_BYTES = 64 * 1024

const MIME_TYPES: Record<SourceFormat, string> = {
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  wav: 'audio/wav',
  aiff: 'audio/aiff',
  mp4: 'audio/mp4',
  ogg: 'audio/ogg',
}

/**
 * Reads the tags of a stored file, at most 16 MiB of it. Covers are left where they are: the transcoder takes them
 * from the file.
 * @returns no tags where they cannot be read: a broken tag is no reason to refuse music
 */
export async function readTags(readAt: ReadAt, size: number, format: SourceFormat): Promise<RawTags> {
  try {
    const slim = await withoutPictures(readAt, size)
    const source = await tokenizer(rangeClient(slim.readAt, slim.size, MIME_TYPES[format]), {
      minimumChunkSize: READ_BYTES,
    })
    const readToken = source.readToken.bind(source)
    // A tag may declare any length, and the reader allocates it before it reads.
    source.readToken = (token, position) => {
      if (token.len > BUDGET_BYTES) throw new RangeError('a tag wants more than the budget')
      return readToken(token, position)
    }
    const tags = rawTags(await parseFromTokenizer(source, { skipCovers: true, duration: false }))
    return format === 'wav' ? withUtf8(tags) : tags
  } catch (error) {
    log('info', 'tags_unreadable', { format, ...errorFields(error) })
    return NO_TAGS
  }
}

function rangeClient(readAt: ReadAt, size: number, mimeType: string) {
  const info = { size, mimeType, acceptPartialRequests: true }
  let left = BUDGET_BYTES
  return {
    getHeadInfo: async () => info,
    getResponse: async (_method: string, [first, last]: [number, number] = [0, size - 1]) => {
      left -= last - first + 1
      if (left < 0) throw new RangeError('the tags want more than the budget')
      return { ...info, arrayBuffer: () => readAt(first, last - first + 1) }
    },
    abort: () => {},
  }
}

function rawTags(metadata: IAudioMetadata): RawTags {
  const { common, native } = metadata
  // ID3v2.2 and 2.3 put a slash between names, and the reader splits at each.
  const names = 'ID3v2.3' in native || 'ID3v2.2' in native ? joinInitials : (values: string[]) => values
  return {
    title: common.title,
    artists: names(common.artists ?? (common.artist ? [common.artist] : [])),
    album: common.album,
    albumArtists: names(common.albumartists ?? (common.albumartist ? [common.albumartist] : [])),
    composers: common.composer ?? [],
    genres: common.genre ?? [],
    trackNumber: common.track.no,
    discNumber: common.disk.no,
    date: common.date ?? common.releasedate ?? common.year?.toString(),
    isrc: common.isrc?.[0],
    lyrics: nativeLyrics(metadata),
  }
}

function withUtf8(tags: RawTags): RawTags {
  const fix = utf8ReadAsLatin1
  return {
    ...tags,
    title: tags.title && fix(tags.title),
    album: tags.album && fix(tags.album),
    artists: tags.artists.map(fix),
    albumArtists: tags.albumArtists.map(fix),
    composers: tags.composers.map(fix),
    genres: tags.genres.map(fix),
    lyrics: tags.lyrics.map(fix),
  }
}

const syncTextSchema = z.object({
  contentType: z.literal(LyricsContentType.lyrics),
  timeStampFormat: z.literal(TimestampFormat.milliseconds),
  syncText: z.array(z.object({ text: z.string(), timestamp: z.number().optional() })),
})
const lyricsValueSchema = z.union([
  z.string(),
  syncTextSchema.transform((value) => toLrc(value.syncText)),
  z.object({ text: z.string() }).transform((value) => value.text),
])
/** ffmpeg writes lyrics of MP3 as TXXX:USLT. */
const LYRICS_TAGS = /^(?:(?:TXXX:)?USLT|ULT|SYLT|SLT|©lyr|(?:TXXX:)?(?:UNSYNCED|SYNCED)? ?LYRICS)$/i

/** Lyrics as the file has them: the reader's own view has lost all but one stamp of a line. */
function nativeLyrics(metadata: IAudioMetadata): string[] {
  return Object.values(metadata.native)
    .flat()
    .filter((tag) => LYRICS_TAGS.test(tag.id))
    .flatMap((tag) => lyricsValueSchema.safeParse(tag.value).data ?? [])
}
