import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { SOURCE_FORMATS, type SourceFormat } from '../../src/transcoding/protocol.ts'
import { fixture, noise } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'
import { startTestTranscoder } from './support/transcoder.ts'

const { both, finish, transcode } = useTranscoder()

const source = async (name: string, args: string[] = []) =>
  readFile(await fixture(name, [...noise(), ...args]))
const wav = () => source('plain.wav')
const mp3 = () => source('plain.mp3', ['-b:a', '128k'])
const flac = () => source('plain.flac')
const m4a = () => source('fast.m4a', ['-c:a', 'aac', '-movflags', '+faststart'])
const ogg = () => source('plain.ogg', ['-c:a', 'libvorbis'])

const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)

async function wavClaiming(dataBytes: number): Promise<Buffer> {
  const bytes = Buffer.from(await wav())
  bytes.writeUInt32LE(dataBytes, bytes.indexOf('data') + 4)
  return bytes
}

const REFUSALS: { name: string; format: SourceFormat; bytes: () => Promise<Buffer>; code: string }[] = [
  { name: 'half a FLAC', format: 'flac', bytes: async () => half(await flac()), code: 'too_damaged' },
  { name: 'half an M4A', format: 'mp4', bytes: async () => half(await m4a()), code: 'too_damaged' },
  {
    name: 'an M4A without its end, where its index was',
    format: 'mp4',
    bytes: async () => half(await source('slow.m4a', ['-c:a', 'aac'])),
    code: 'no_audio',
  },
  { name: 'half an MP3', format: 'mp3', bytes: async () => half(await mp3()), code: 'too_damaged' },
  { name: 'half a WAV', format: 'wav', bytes: async () => half(await wav()), code: 'too_damaged' },
  {
    name: 'a WAV that claims hours and holds seconds',
    format: 'wav',
    bytes: () => wavClaiming(4 * 44_100 * 3600 * 5),
    code: 'too_damaged',
  },
  {
    name: 'half an AIFF',
    format: 'aiff',
    bytes: async () => half(await source('plain.aiff')),
    code: 'too_damaged',
  },
  {
    name: 'a WAV without a sample',
    format: 'wav',
    bytes: async () => (await wavClaiming(0)).subarray(0, (await wav()).indexOf('data') + 8),
    code: 'no_audio',
  },
]

it.for(REFUSALS)('refuses $name for good', async ({ bytes, format, code }) => {
  const { job, ending } = await finish(await bytes(), format)
  expect(ending).toMatchObject({ type: 'failed', code, isRetryable: false })
  expect(both().worker.outputTypes(job.trackId)).toEqual({})
})

describe('bytes that are no music', () => {
  const text = Buffer.from('the quick brown fox jumps over the lazy dog\n'.repeat(3000))
  const random = randomBytes(300_000)
  it.for(SOURCE_FORMATS)('are refused as %s', async (format) => {
    const program = await readFile('/bin/sh')
    for (const bytes of [text, random, program]) {
      const { ending } = await finish(bytes, format)
      expect(ending).toMatchObject({ type: 'failed', code: 'no_audio', isRetryable: false })
    }
  })
})

const DAMAGED: { name: string; format: SourceFormat; bytes: () => Promise<Buffer> }[] = [
  {
    name: 'an MP3 with junk at its end',
    format: 'mp3',
    bytes: async () => Buffer.concat([await mp3(), randomBytes(4096)]),
  },
  { name: 'two joined MP3s', format: 'mp3', bytes: async () => Buffer.concat([await mp3(), await mp3()]) },
  {
    name: 'an Ogg file without its last page',
    format: 'ogg',
    bytes: async () => (await ogg()).subarray(0, -3000),
  },
  {
    name: 'a FLAC with a broken block',
    format: 'flac',
    bytes: async () => {
      const bytes = await readFile(await fixture('longer.flac', noise({ seconds: 8 })))
      return Buffer.from(bytes).fill(0x5a, 100_000, 100_100)
    },
  },
]

it.for(DAMAGED)('plays $name, and says that it is damaged', async ({ bytes, format }) => {
  const { manifest } = await transcode(await bytes(), format)
  expect(manifest.damage).toMatch(/^[\x20-\x7e]{5,500}$/)
  expect(manifest.damage).not.toMatch(/\/|0x/)
})

const WHOLE: { name: string; format: SourceFormat; bytes: () => Promise<Buffer> }[] = [
  {
    name: 'a WAV written to a pipe, of unknown length',
    format: 'wav',
    bytes: () => wavClaiming(0xffff_ffff),
  },
  {
    name: 'a FLAC that does not say how long it is',
    format: 'flac',
    bytes: async () => {
      const bytes = Buffer.from(await flac())
      bytes.writeUInt8(bytes.readUInt8(21) & 0xf0, 21)
      return bytes.fill(0, 22, 26)
    },
  },
  {
    name: 'a variable MP3 without a Xing tag',
    format: 'mp3',
    bytes: () => source('untagged.mp3', ['-q:a', '4', '-write_xing', '0', '-id3v2_version', '0']),
  },
]

it.for(WHOLE)('finds no fault with $name', async ({ bytes, format }) => {
  const { manifest } = await transcode(await bytes(), format)
  expect(manifest.damage).toBeNull()
  expect(manifest.durationMs / 1000).toBeCloseTo(4, 0)
})

it('refuses a source that is longer than allowed, without decoding all of it', async () => {
  const strict = await startTestTranscoder({ maxDurationS: 1 })
  const job = await both().worker.job(await flac(), 'flac')
  await strict.offer(job)
  expect(await both().worker.ending(job.trackId)).toMatchObject({ code: 'too_long', isRetryable: false })
  await strict.close()
})

it('asks again for a source whose bytes are not those that were promised', async () => {
  const { ending } = await finish(await wav(), 'wav', { sourceHash: '0'.repeat(64) })
  expect(ending).toMatchObject({ type: 'failed', code: 'source_unavailable', isRetryable: true })
})

it('does not follow a playlist that calls itself music', async () => {
  const address = `${(await both().worker.job(Buffer.alloc(1), 'mp3')).inputUrl}`
  const playlist = Buffer.from(`#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${address}\n#EXT-X-ENDLIST\n`)
  const before = both().worker.order.filter((line) => line.startsWith('GET')).length
  const { ending } = await finish(playlist, 'mp3')
  expect(ending).toMatchObject({ code: 'no_audio' })
  expect(both().worker.order.filter((line) => line.startsWith('GET'))).toHaveLength(before + 1)
})
