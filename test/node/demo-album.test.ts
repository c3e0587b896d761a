import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseFile } from 'music-metadata'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { album } from '../../scripts/demo-album/album.ts'
import { makeCover } from '../../scripts/demo-album/cover.ts'
import { writeFlac } from '../../scripts/demo-album/flac.ts'
import { plainLyrics, syncedLyrics } from '../../scripts/demo-album/lyrics.ts'
import { beforeTheBirds } from '../../scripts/demo-album/pieces/before-the-birds.ts'
import { noonTraffic } from '../../scripts/demo-album/pieces/noon-traffic.ts'
import { renderPcm } from '../../scripts/demo-album/render.ts'
import { lengthSeconds, type Piece, secondsAt } from '../../scripts/demo-album/score.ts'
import { tagsOf } from '../../scripts/demo-album/tags.ts'
import { findFfmpeg } from '../../workers/transcoder/ffmpeg.ts'

const run = promisify(execFile)

describe('the score', () => {
  it('holds four pieces of 35 to 60 seconds', () => {
    expect(album.pieces).toHaveLength(4)
    for (const piece of album.pieces) {
      expect(lengthSeconds(piece)).toBeGreaterThanOrEqual(35)
      expect(lengthSeconds(piece)).toBeLessThanOrEqual(60)
    }
  })

  it('strikes the kick drum once a beat, 60 / bpm seconds apart', () => {
    const kick = noonTraffic.parts.find((part) => part.instrument === 'kick')
    const onsets = (kick?.notes ?? []).slice(0, 16).map((note) => secondsAt(noonTraffic, note.beat))
    const gaps = onsets.slice(1).map((onset, index) => onset - (onsets[index] ?? 0))
    expect(gaps).toHaveLength(15)
    for (const gap of gaps) expect(gap).toBeCloseTo(60 / noonTraffic.bpm, 9)
  })

  it.each(album.pieces)('keeps every note and line of $title inside its sections', (piece) => {
    const bars = piece.sections.reduce((total, section) => total + section.bars, 0)
    const beats = piece.parts.flatMap((part) => part.notes.map((note) => note.beat))
    expect(Math.min(...beats)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...beats)).toBeLessThanOrEqual(bars * piece.beatsPerBar)
    expect(Math.max(...piece.lyrics.map((line) => line.bar))).toBeLessThan(bars)
  })

  it('gives each section a line of lyrics where it begins', () => {
    for (const piece of album.pieces) {
      const bars = piece.lyrics.map((line) => line.bar)
      expect(bars).toEqual(expect.arrayContaining(piece.sections.map((section) => section.firstBar)))
    }
  })
})

describe('the sound', () => {
  it('is the same at every rendering, byte for byte', () => {
    const excerpt: Piece = { ...noonTraffic, sections: noonTraffic.sections.slice(0, 1) }
    expect(digest(renderPcm(excerpt))).toBe(digest(renderPcm(excerpt)))
  })
})

describe('a written track', () => {
  let folder = ''
  let file = ''
  let ffmpegPath = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'segue-demo-album-'))
    file = join(folder, 'track.flac')
    ffmpegPath = await requireFfmpeg()
    const coverFile = join(folder, 'cover.jpg')
    await writeFile(coverFile, await makeCover(album.title, album.artist))
    const pcm = renderPcm(beforeTheBirds)
    await writeFlac(ffmpegPath, file, { pcm, tags: tagsOf(album, beforeTheBirds), coverFile })
  }, 30_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('says what it is in its tags', async () => {
    const { common, format } = await parseFile(file)
    expect(common).toMatchObject({
      title: 'Before the Birds',
      artist: album.artist,
      album: album.title,
      albumartist: album.artist,
      track: { no: 1, of: 4 },
      disk: { no: 1, of: 1 },
      date: album.date,
      genre: ['Ambient'],
      composer: [album.artist],
      bpm: 72,
    })
    expect(common.isrc).toBeUndefined()
    expect(format).toMatchObject({ container: 'FLAC', lossless: true, sampleRate: 44_100, bitsPerSample: 16 })
    expect(format.duration).toBeCloseTo(lengthSeconds(beforeTheBirds), 3)
  })

  it('names its key', async () => {
    const { native } = await parseFile(file)
    expect(native.vorbis).toContainEqual({ id: 'INITIALKEY', value: 'D' })
  })

  it('carries lyrics timed to its bars, and the same words plain', async () => {
    const { common } = await parseFile(file)
    const [synced, plain] = common.lyrics ?? []
    expect(synced?.syncText[1]).toEqual({ timestamp: 6670, text: beforeTheBirds.lyrics[1]?.text })
    expect(plain?.text).toBe(plainLyrics(beforeTheBirds))
    expect(syncedLyrics(beforeTheBirds)).toMatch(/^\[00:00\.00]Nothing has a name yet\n/)
  })

  it('carries the cover', async () => {
    const { common } = await parseFile(file)
    const [picture] = common.picture ?? []
    expect(picture).toMatchObject({ format: 'image/jpeg', type: 'Cover (front)' })
    expect(picture?.data.length).toBeGreaterThan(50_000)
  })

  it('is about as loud as streaming expects, and never touches full scale', async () => {
    const { stderr } = await run(ffmpegPath, [
      '-nostdin',
      '-i',
      file,
      '-map',
      '0:a',
      '-af',
      'ebur128=peak=true',
      '-f',
      'null',
      '-',
    ])
    const summary = stderr.slice(stderr.lastIndexOf('Summary:'))
    expect(figure(summary, /I:\s+(-?[\d.]+) LUFS/)).toBeGreaterThan(-17)
    expect(figure(summary, /I:\s+(-?[\d.]+) LUFS/)).toBeLessThan(-15)
    expect(figure(summary, /Peak:\s+(-?[\d.]+) dBFS/)).toBeLessThanOrEqual(-1)
  })
})

function digest(pcm: Int16Array): string {
  return createHash('sha256').update(pcm).digest('hex')
}

function figure(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1])
}

async function requireFfmpeg(): Promise<string> {
  const { FFMPEG_PATH, PATH = '' } = process.env
  const ffmpeg = await findFfmpeg({ ffmpegPath: FFMPEG_PATH || undefined, searchPath: PATH })
  if (!ffmpeg) throw new Error('these tests need ffmpeg')
  return ffmpeg.path
}
