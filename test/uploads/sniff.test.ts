import { describe, expect, it } from 'vitest'
import { readerOfBytes } from '../../src/uploads/originals.ts'
import { sniff } from '../../src/uploads/sniff.ts'
import { aiff, bytesOf, coverFrame, flac, id3, m4a, mp3, oggPage, textFrame, wav } from './files.ts'
import { noise } from './tus-client.ts'

const tag = id3(textFrame('TIT2', 'Tide'))
const rf64 = bytesOf('RF64', wav().slice(4))
const aifc = bytesOf(aiff().slice(0, 8), 'AIFC', aiff().slice(12))
const twoFrames = mp3(2)

describe('the kind of a file', () => {
  it.each([
    ['MP3', mp3(), 'mp3'],
    ['MP3 of two frames', twoFrames, 'mp3'],
    ['MP3 behind a tag', bytesOf(tag, mp3()), 'mp3'],
    ['MP3 behind two tags', bytesOf(tag, tag, mp3()), 'mp3'],
    ['MP3 behind a cover of 3 MB', bytesOf(id3(coverFrame(3_000_000)), mp3()), 'mp3'],
    ['MP3 behind a tag and padding', bytesOf(tag, new Uint8Array(1000), mp3()), 'mp3'],
    ['FLAC', flac(), 'flac'],
    ['FLAC behind a tag', bytesOf(tag, flac()), 'flac'],
    ['WAVE', wav(), 'wav'],
    ['WAVE of more than 4 GB', rf64, 'wav'],
    ['AIFF', aiff(), 'aiff'],
    ['AIFF-C', aifc, 'aiff'],
    ['M4A', m4a(), 'mp4'],
    ['MP4', m4a('isom'), 'mp4'],
    ['Ogg Vorbis', oggPage('\x01vorbis'), 'ogg'],
    ['Ogg Opus', oggPage('OpusHead'), 'ogg'],
    ['Ogg FLAC', oggPage('\x7fFLAC'), 'ogg'],
    ['Ogg with a skeleton first', bytesOf(oggPage('fishead\0'), oggPage('\x01vorbis')), 'ogg'],
  ])('%s is taken', async (_what, bytes, kind) => {
    expect(await sniff(readerOfBytes(bytes))).toBe(kind)
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['text', bytesOf('ID3 is what this text begins with. '.repeat(100))],
    ['ELF', bytesOf([0x7f], 'ELF', [2, 1, 1], new Uint8Array(2000))],
    ['zeros', new Uint8Array(100_000)],
    ['ones', new Uint8Array(100_000).fill(0xff)],
    ['one MPEG frame', mp3(1)],
    ['a tag alone', tag],
    ['a tag before text', bytesOf(tag, 'words '.repeat(1000))],
    ['a tag that says it is longer than the file', bytesOf('ID3', [4, 0, 0, 127, 127, 127, 127], mp3())],
    ['HEIC', m4a('heic')],
    ['AVI', bytesOf('RIFF', [0, 0, 0, 0], 'AVI ')],
    ['WebP', bytesOf('RIFF', [0, 0, 0, 0], 'WEBPVP8 ')],
    ['Ogg Theora', oggPage('\x80theora')],
    ['Matroska', bytesOf([0x1a, 0x45, 0xdf, 0xa3], new Uint8Array(100))],
    ['ADTS AAC', bytesOf([0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc], new Uint8Array(400))],
  ])('%s is not', async (_what, bytes) => {
    expect(await sniff(readerOfBytes(bytes))).toBeNull()
  })

  it('is unknown for noise', async () => {
    for (let seed = 1; seed <= 300; seed++) expect(await sniff(readerOfBytes(noise(20_000, seed)))).toBeNull()
  })
})
