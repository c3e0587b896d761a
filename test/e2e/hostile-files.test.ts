import { randomBytes } from 'node:crypto'
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Segue } from '../../sdk/client.ts'
import { audioFolder, ffmpeg, makeAudio, source, writeBytes } from './support/audio.ts'
import { admin, settled, upload } from './support/segue.ts'

let folder: string
let owner: Segue

beforeAll(async () => {
  folder = await audioFolder()
  owner = await admin()
})

const at = (name: string) => join(folder, name)

/** A WAV header that claims `seconds` of 44.1 kHz mono, before one second of it. */
function boastfulWav(seconds: number): Buffer {
  const audio = randomBytes(88_200)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + seconds * 88_200, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(44_100, 24)
  header.writeUInt32LE(88_200, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(seconds * 88_200, 40)
  return Buffer.concat([header, audio])
}

describe('a file that is no music', () => {
  it.each([
    ['zero bytes', 'zero.mp3', Buffer.alloc(0), 400, 'validation_failed'],
    ['text', 'text.mp3', Buffer.from('no music at all\n'.repeat(500)), 415, 'unsupported_media'],
    [
      'an ELF',
      'elf.flac',
      Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), randomBytes(4000)]),
      415,
      'unsupported_media',
    ],
    [
      'random bytes',
      'random.wav',
      Buffer.concat([Buffer.from([0x13]), randomBytes(60_000)]),
      415,
      'unsupported_media',
    ],
  ])('%s is refused before it is stored', async (_, name, bytes, status, code) => {
    const answer = await upload(owner, await writeBytes(at(name), bytes))
    expect(answer).toMatchObject({ status, body: { code } })
  })

  it.each([
    ['a FLAC cut in half', 'cut.flac', 'flac', 0.5],
    ['an M4A cut in half', 'cut.m4a', 'aac', 0.5],
  ])('%s fails with its reason', async (_, name, codec, share) => {
    const file = await makeAudio(at(name), { seconds: 6, seed: share * 100, args: ['-c:a', codec] })
    await truncate(file, Math.floor((await readFile(file)).length * share))
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track.status).toBe('failed')
    expect(['too_damaged', 'no_audio']).toContain(track.processing?.failure?.code)
    expect(track.processing?.failure?.detail).not.toBe('')
    expect(track.processing?.failedAttempts).toBe(1)
  })

  it('a file that claims ten hours and holds one second fails as damaged', async () => {
    const file = await writeBytes(at('boast.wav'), boastfulWav(36_000))
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track).toMatchObject({ status: 'failed', processing: { failure: { code: 'too_damaged' } } })
  })
})

describe('a file that is music all the same', () => {
  it('plays with junk at its end, marked damaged', async () => {
    const file = await makeAudio(at('junk.mp3'), { seconds: 5, seed: 71 })
    await writeFile(file, Buffer.concat([await readFile(file), randomBytes(4096)]))
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track).toMatchObject({ status: 'ready', isDamaged: true })
  })

  it('plays as two joined MP3s, marked damaged', async () => {
    const [one, two] = [
      await makeAudio(at('one.mp3'), { seed: 72 }),
      await makeAudio(at('two.mp3'), { seed: 73 }),
    ]
    const joined = await writeBytes(
      at('joined.mp3'),
      Buffer.concat([await readFile(one), await readFile(two)]),
    )
    const track = await settled(owner, (await upload(owner, joined)).body.trackId)
    expect(track).toMatchObject({ status: 'ready', isDamaged: true })
    expect(track.durationMs).toBeGreaterThan(5500)
  })

  it('plays with a cover of 50 MB', async () => {
    const size = 4100
    const raw = { width: size, height: size, channels: 3 as const }
    await sharp(randomBytes(size * size * 3), { raw })
      .png({ compressionLevel: 0 })
      .toFile(at('cover.png'))
    const file = at('heavy.mp3')
    const picture = [
      '-i',
      at('cover.png'),
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'copy',
      '-disposition:v',
      'attached_pic',
    ]
    await ffmpeg(...source(3, 74), ...picture, file)
    expect((await readFile(file)).length).toBeGreaterThan(50_000_000)
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track.status).toBe('ready')
  })

  it('keeps 1 MB of text, NULs and direction overrides out of its names', async () => {
    const [metadata, file] = [at('tags.txt'), at('tags.mp3')]
    const lyrics = 'la '.repeat(350_000)
    await writeFile(
      metadata,
      `;FFMETADATA1\ntitle=Evil\u202Egnp.exe\nartist=Lantern#Parade\nlyrics=${lyrics}\n`,
    )
    await ffmpeg(...source(3, 75), '-i', metadata, '-map', '0', '-map_metadata', '1', file)
    const bytes = await readFile(file)
    expect(bytes.length).toBeGreaterThan(1_000_000)
    // ffmpeg writes no NUL into a tag, so one takes the place of a mark.
    bytes[bytes.indexOf('Lantern#Parade') + 'Lantern'.length] = 0
    const track = await settled(owner, (await upload(owner, await writeBytes(file, bytes))).body.trackId)
    expect(track).toMatchObject({
      status: 'ready',
      title: 'Evilgnp.exe',
      artists: [{ name: 'Lantern' }, { name: 'Parade' }],
    })
    expect(track.lyrics.plain?.length ?? 0).toBeLessThanOrEqual(100_000)
  })

  it('takes the same track again under another name without a second one', async () => {
    const file = await makeAudio(at('again.flac'), { seed: 76 })
    const first = await upload(owner, file)
    await copyFile(file, at('again-copy.flac'))
    expect((await upload(owner, at('again-copy.flac'))).body.trackId).toBe(first.body.trackId)
  })
})
