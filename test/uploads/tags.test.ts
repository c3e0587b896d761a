import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TAG_LIMITS, trackTagsSchema } from '../../src/catalog/tags.ts'
import { cleanLine, cleanLines } from '../../src/uploads/clean-text.ts'
import { cleanFileName, partsOfFileName } from '../../src/uploads/file-name.ts'
import { splitLyrics, toLrc } from '../../src/uploads/lyrics.ts'
import {
  cleanTags,
  joinInitials,
  NO_TAGS,
  normaliseDate,
  normaliseIsrc,
  type RawTags,
} from '../../src/uploads/tags.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2000 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 2000 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '\0',
      '\u202e',
      '\u2066',
      '\ud800',
      'e\u0301',
      ' ',
      '\n',
      '\u200b',
      '[01:02.03]',
      ';',
    ),
    maxLength: 900,
  }),
)
const anyNames = fc.array(anyText, { maxLength: 6 })
const anyNumber = fc.oneof(fc.integer(), fc.double(), fc.constant(null), fc.constant(undefined))
const anyTags: fc.Arbitrary<RawTags> = fc.record({
  title: fc.option(anyText, { nil: undefined }),
  artists: anyNames,
  album: fc.option(anyText, { nil: undefined }),
  albumArtists: anyNames,
  composers: anyNames,
  genres: anyNames,
  trackNumber: anyNumber,
  discNumber: anyNumber,
  date: fc.option(anyText, { nil: undefined }),
  isrc: fc.option(anyText, { nil: undefined }),
  lyrics: anyNames,
})

describe('cleaning a line', () => {
  it.each([
    ['a\0b\x07c\u0085d', 'abc d'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['  one\r\ntwo\tthree ', 'one two three'],
    ['e\u0301', 'é'],
    ['half \ud83c', 'half'],
    ['\ufeffTide', 'Tide'],
    ['\u200b\u200b', ''],
    ['🎵 شب', '🎵 شب'],
  ])('%j becomes %j', (raw, clean) => {
    expect(cleanLine(raw, 100)).toBe(clean)
  })

  it('does not cut a character in two', () => {
    expect(cleanLine('🎵🎵🎵', 3)).toBe('🎵')
  })

  it('holds for any text: no controls, composed, trimmed, short, and the same when done again', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 500 }), (raw, max) => {
        const clean = cleanLine(raw, max)
        expect(clean.length).toBeLessThanOrEqual(max)
        expect(clean).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
        expect(clean).toBe(clean.trim())
        expect(clean).toBe(clean.normalize('NFC'))
        expect(cleanLine(clean, max)).toBe(clean)
      }),
    )
  })

  it('takes adversarial text of a megabyte in its stride', () => {
    const marks = '\u0301\u0323'.repeat(500_000)
    const startedAt = performance.now()
    cleanLine(`a${marks}`, TAG_LIMITS.text)
    cleanLines(`a${marks}`, TAG_LIMITS.lyrics)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

describe('cleaning tags', () => {
  it('gives valid tags for anything', () => {
    fc.assert(
      fc.property(anyTags, anyText, (raw, fileName) => {
        expect(trackTagsSchema.safeParse(cleanTags(raw, fileName)).error).toBeUndefined()
      }),
    )
  })

  it('splits at NUL and nowhere else', () => {
    const tags = cleanTags(
      { ...NO_TAGS, title: 'T', artists: ['Ada\0Grace', 'Simon & Garfunkel; AC/DC', 'Ada'] },
      'x',
    )
    expect(tags.artists).toEqual(['Ada', 'Grace', 'Simon & Garfunkel; AC/DC'])
  })

  it('joins again what a slash has split for no reason', () => {
    expect(joinInitials(['AC', 'DC'])).toEqual(['AC/DC'])
    expect(joinInitials(['Ada', 'Grace'])).toEqual(['Ada', 'Grace'])
    expect(joinInitials(['Air'])).toEqual(['Air'])
  })

  it('takes from the file name only what the tags do not say', () => {
    expect(cleanTags(NO_TAGS, '03 - Ada - Tide.mp3')).toMatchObject({
      title: 'Tide',
      artists: ['Ada'],
      trackNumber: 3,
    })
    expect(cleanTags({ ...NO_TAGS, title: 'Ebb' }, '03 - Ada - Tide.mp3')).toMatchObject({
      title: 'Ebb',
      artists: [],
      trackNumber: null,
    })
  })

  it.each([
    ['2004', '2004'],
    ['2004-05', '2004-05'],
    ['2004-05-06', '2004-05-06'],
    ['2004-05-06T12:00:00Z', '2004-05-06'],
    ['20040506', '2004-05-06'],
    ['2004-13-01', '2004'],
    ['2004-02-30', '2004-02'],
    ['06/05/2004', '2004'],
    ['0000', null],
    ['soon', null],
    ['123456', '1234'],
  ])('reads the date %j as %j', (raw, date) => {
    expect(normaliseDate(raw)).toBe(date)
  })

  it.each([
    ['usrc17607839', 'USRC17607839'],
    ['US-RC1-76-07839', 'USRC17607839'],
    ['ISRC: GBAYE0601498', 'GBAYE0601498'],
    ['USRC1760783', null],
    ['not one', null],
  ])('reads the ISRC %j as %j', (raw, isrc) => {
    expect(normaliseIsrc(raw)).toBe(isrc)
  })
})

describe('a file name', () => {
  it.each([
    ['03 - Artist - Title.mp3', 'Title', 'Artist', 3, null],
    ['03 Title.flac', 'Title', null, 3, null],
    ['03. Title.flac', 'Title', null, 3, null],
    ['12 - Title.flac', 'Title', null, 12, null],
    ['1-03 Title.flac', 'Title', null, 3, 1],
    ['2-11 - Artist - Title.flac', 'Title', 'Artist', 11, 2],
    ['Artist - Title.ogg', 'Title', 'Artist', null, null],
    ['Artist - Title - Live.ogg', 'Title - Live', 'Artist', null, null],
    ['01_first_light.wav', 'first light', null, 1, null],
    ['99 Problems.mp3', '99 Problems', null, null, null],
    ['1999.mp3', '1999', null, null, null],
    ['C:\\Music\\Tide.mp3', 'Tide', null, null, null],
    ['../../etc/passwd', 'passwd', null, null, null],
    ['.mp3', 'Untitled', null, null, null],
    ['', 'Untitled', null, null, null],
    ['\u202e3pm.exe', '3pm', null, null, null],
  ])('%j is %j', (name, title, artist, trackNumber, discNumber) => {
    expect(partsOfFileName(name)).toEqual({ title, artist, trackNumber, discNumber })
  })

  it('keeps its last part and at most 255 characters', () => {
    expect(cleanFileName('/home/a/b.mp3')).toBe('b.mp3')
    expect(cleanFileName('x'.repeat(1000))).toHaveLength(255)
  })
})

describe('lyrics', () => {
  const lrc = '[ar:Ada]\n[00:01.00]Tide comes in\n[00:05.50][00:15.50]and goes out\n'

  it('with stamps are synced, and plain without them', () => {
    expect(splitLyrics(lrc)).toEqual({ plain: 'Tide comes in\nand goes out', synced: lrc.trim() })
  })

  it('without stamps are plain', () => {
    expect(splitLyrics('Tide comes in\r\n\r\n\r\n\r\nand [12:30] goes out')).toEqual({
      plain: 'Tide comes in\n\nand [12:30] goes out',
      synced: null,
    })
  })

  it('of their own win over those made from LRC', () => {
    expect(cleanTags({ ...NO_TAGS, lyrics: [lrc, 'In full.'] }, 'x')).toMatchObject({
      lyricsPlain: 'In full.',
      lyricsSynced: lrc.trim(),
    })
  })

  it('with times become LRC', () => {
    expect(toLrc([{ timestamp: 61_239, text: ' Tide ' }, { text: 'no time' }])).toBe('[01:01.24]Tide')
  })
})
