import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { SourceFormat } from '../../src/transcoding/protocol.ts'
import { coverSizes, writeCoverVariants } from '../../workers/transcoder/cover.ts'
import { CoverProblem, isAcceptedImage } from '../../workers/transcoder/embedded-cover.ts'
import { bytesFixture, fixture, fixturePath, noise } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'

const { both, transcode } = useTranscoder()

const RED = { r: 200, g: 30, b: 40 }
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: RED } })

/** An ID3v2.3 tag with one APIC frame, put in front of an MP3. */
async function mp3WithPicture(picture: Buffer, mime = 'image/jpeg'): Promise<Buffer> {
  const mp3 = await readFile(await fixture('bare.mp3', [...noise({ seconds: 2 }), '-id3v2_version', '0']))
  const content = Buffer.concat([Buffer.from(`\0${mime}\0\x03\0`, 'latin1'), picture])
  const frame = Buffer.alloc(10)
  frame.write('APIC', 'latin1')
  frame.writeUInt32BE(content.length, 4)
  const header = Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1')
  const size = frame.length + content.length
  for (let byte = 0; byte < 4; byte += 1) header[9 - byte] = (size >> (7 * byte)) & 0x7f
  return Buffer.concat([header, frame, content, mp3])
}

describe.for<{ name: string; format: SourceFormat; args: string[] }>([
  { name: 'with-cover.flac', format: 'flac', args: [] },
  { name: 'with-cover.mp3', format: 'mp3', args: ['-id3v2_version', '3'] },
  { name: 'with-cover.m4a', format: 'mp4', args: ['-c:a', 'aac'] },
])('the cover in $name', ({ name, format, args }) => {
  it('is stored in every size up to its own, as WebP and JPEG, with its colour', async () => {
    const picture = await bytesFixture(`${name}.jpg`, await plain(800, 500).jpeg().toBuffer())
    const audio = await fixture('for-covers.wav', noise({ seconds: 2 }))
    const embed = ['-i', audio, '-i', picture, '-map', '0:a', '-map', '1:v', '-c:v', 'copy']
    const file = await fixture(name, [...embed, '-disposition:v', 'attached_pic', ...args])
    const { job, manifest } = await transcode(file, format)

    expect(manifest.coverProblem).toBeNull()
    expect(manifest.cover).toMatchObject({ sizes: [96, 320, 640, 1280], width: 800, height: 500 })
    expect(manifest.cover?.colour).toMatch(/^#[bcd][0-9a-f][12][0-9a-f][23][0-9a-f]$/)
    expect(manifest.damage).toBeNull()
    const sizeOf = async (cover: 'cover-320.webp' | 'cover-1280.jpg') =>
      sharp(both().worker.output(job.trackId, cover)).metadata()
    expect(await sizeOf('cover-320.webp')).toMatchObject({ format: 'webp', width: 320, height: 200 })
    expect(await sizeOf('cover-1280.jpg')).toMatchObject({ format: 'jpeg', width: 800, height: 500 })
    expect(both().worker.outputTypes(job.trackId)).toMatchObject({
      'cover-96.webp': 'image/webp',
      'cover-96.jpg': 'image/jpeg',
    })
  })
})

it('finds a picture in an Ogg comment', async () => {
  const picture = await plain(120, 120).png().toBuffer()
  const head = Buffer.alloc(8)
  head.writeUInt32BE(3, 0)
  head.writeUInt32BE(9, 4)
  const rest = Buffer.alloc(24)
  rest.writeUInt32BE(picture.length, 20)
  const block = Buffer.concat([head, Buffer.from('image/png'), rest, picture]).toString('base64')
  const args = ['-c:a', 'libvorbis', '-metadata', `METADATA_BLOCK_PICTURE=${block}`]
  const { manifest } = await transcode(
    await fixture('with-cover.ogg', [...noise({ seconds: 2 }), ...args]),
    'ogg',
  )
  expect(manifest.cover).toMatchObject({ sizes: [96, 320], width: 120, height: 120 })
})

it('stands upright and carries no metadata', async () => {
  const sideways = await plain(200, 100).withMetadata({ orientation: 6 }).jpeg().toBuffer()
  const { job, manifest } = await transcode(await mp3WithPicture(sideways), 'mp3')
  expect(manifest.cover).toMatchObject({ width: 100, height: 200, sizes: [96, 320] })
  const stored = await sharp(both().worker.output(job.trackId, 'cover-320.jpg')).metadata()
  expect(stored).toMatchObject({ width: 100, height: 200 })
  expect(stored.exif).toBeUndefined()
})

describe('a picture that cannot be used leaves the track without a cover, and whole', () => {
  const jpeg = () =>
    sharp({
      create: {
        width: 600,
        height: 600,
        channels: 3,
        background: RED,
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .jpeg()
      .toBuffer()
  it.for<{ name: string; picture: () => Promise<Buffer> }>([
    {
      name: 'SVG',
      picture: async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    },
    { name: 'half a JPEG', picture: async () => (await jpeg()).subarray(0, 20_000) },
  ])('$name', async ({ picture }) => {
    const { job, manifest } = await transcode(await mp3WithPicture(await picture()), 'mp3')
    expect(manifest.cover).toBeNull()
    expect(manifest.coverProblem).toMatch(/^The picture [^/]{5,190}$/)
    expect(manifest.damage).toBeNull()
    expect(
      Object.keys(both().worker.outputTypes(job.trackId)).filter((name) => name.startsWith('cover')),
    ).toEqual([])
  })
})

it.for<{ name: string; picture: () => Promise<Buffer> }>([
  {
    name: 'noise behind the first bytes of a JPEG',
    picture: async () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), randomBytes(5000)]),
  },
  {
    name: 'a JPEG of more than 100 million pixels',
    picture: () => plain(20_000, 6000).jpeg({ quality: 1 }).toBuffer(),
  },
  { name: 'nothing', picture: async () => Buffer.alloc(16) },
])('finds a problem with $name', async ({ name, picture }) => {
  const path = await bytesFixture(name, await picture())
  const writing = writeCoverVariants(path, fixturePath(''), AbortSignal.timeout(30_000))
  await expect(writing).rejects.toThrow(CoverProblem)
})

it('takes a cover of 50 MB', async () => {
  const side = 4100
  const picture = await sharp(randomBytes(side * side * 3), {
    raw: { width: side, height: side, channels: 3 },
  })
    .png({ compressionLevel: 0 })
    .toBuffer()
  expect(picture.length).toBeGreaterThan(50_000_000)
  const { manifest } = await transcode(await mp3WithPicture(picture, 'image/png'), 'mp3')
  expect(manifest.coverProblem).toBeNull()
  expect(manifest.cover).toMatchObject({ width: side, height: side, sizes: [96, 320, 640, 1280] })
})

it.for([
  [20, [96]],
  [96, [96]],
  [97, [96, 320]],
  [640, [96, 320, 640]],
  [3000, [96, 320, 640, 1280]],
] as const)('offers an original of %i px in the sizes %j', ([side, sizes]) => {
  expect(coverSizes(side)).toEqual(sizes)
})

it('knows images by their first bytes', () => {
  const accepted = [
    '\xff\xd8\xff\xe0',
    '\x89PNG\r\n\x1a\n',
    'GIF89a',
    'RIFF\n\0\0\0WEBPVP8 ',
    '\0\0\0\x20ftypavif',
  ]
  for (const start of accepted) expect(isAcceptedImage(Buffer.from(start, 'latin1'))).toBe(true)
  for (const start of ['<svg', '<?xml', 'II*\0', 'BM', '\0\0\0\x20ftypheic', '']) {
    expect(isAcceptedImage(Buffer.from(start, 'latin1'))).toBe(false)
  }
})
