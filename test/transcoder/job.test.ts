import { beforeAll, describe, expect, it } from 'vitest'
import type { Job, Manifest, SourceFormat } from '../../src/transcoding/protocol.ts'
import { bytesFixture, decodeMono, fixture, noise } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'

const { both, transcode } = useTranscoder({ fpcalcPath: 'fpcalc' })

describe('a lossless source', () => {
  let job: Job
  let manifest: Manifest
  beforeAll(async () => {
    const file = await fixture('whole.flac', [...noise(), '-sample_fmt', 's16'])
    const done = await transcode(file, 'flac')
    job = done.job
    manifest = done.manifest
  })

  it('becomes three AAC renditions, a FLAC one, a preview and a waveform, each with its media type', () => {
    expect(both().worker.outputTypes(job.trackId)).toEqual({
      'aac-64.mp4': 'audio/mp4',
      'aac-128.mp4': 'audio/mp4',
      'aac-256.mp4': 'audio/mp4',
      'flac.mp4': 'audio/mp4',
      'preview.mp4': 'audio/mp4',
      'waveform.dat': 'application/octet-stream',
      'waveform.json': 'application/json',
      'manifest.json': 'application/json',
    })
  })

  it('is described in the manifest', () => {
    expect(manifest).toMatchObject({
      trackId: job.trackId,
      sourceHash: job.sourceHash,
      source: { codec: 'flac', sampleRate: 44_100, channels: 2, bitDepth: 16, isLossless: true },
      samples: 4 * 44_100,
      durationMs: 4000,
      damage: null,
      preview: { startMs: 0, durationMs: 4000 },
      cover: null,
      coverProblem: null,
    })
    expect(manifest.fingerprint?.length).toBeGreaterThan(5)
    expect(manifest.renditions.map(({ name }) => name).sort()).toEqual([
      'aac-128',
      'aac-256',
      'aac-64',
      'flac',
    ])
  })

  it('stores the manifest after everything else, and is done after that', () => {
    const own = both().worker.order.filter((line) => line.includes(`${job.trackId}/`))
    const puts = own.filter((line) => line.startsWith('PUT'))
    expect(puts.at(-1)).toContain('manifest.json')
    expect(own.at(-1)).toContain('/events/')
    expect(both().worker.events(job.trackId).at(-1)).toEqual({ type: 'done' })
  })

  it('reports progress that never goes back', () => {
    const percents = both()
      .worker.events(job.trackId)
      .flatMap((event) => (event.type === 'progress' ? [event.percent] : []))
    expect(percents.length).toBeGreaterThan(0)
    expect(percents).toEqual(percents.toSorted((a, b) => a - b))
  })

  it('keeps every sample in the FLAC rendition', async () => {
    const flac = both().worker.output(job.trackId, 'flac.mp4') ?? Buffer.alloc(0)
    const decoded = await decodeMono(await bytesFixture('rendition-flac.mp4', flac))
    const original = await decodeMono(await fixture('whole.flac', [...noise(), '-sample_fmt', 's16']))
    expect(Buffer.from(decoded.buffer).equals(Buffer.from(original.buffer))).toBe(true)
  })

  it('leaves nothing on the disk', async () => {
    expect(await both().transcoder.leftovers()).toEqual([])
  })

  it('writes a log line without token or address', () => {
    const line = both().transcoder.logged.find((fields) => fields.trackId === job.trackId)
    expect(line).toMatchObject({ event: 'job', attempt: 1, outcome: 'done' })
    expect(JSON.stringify(line)).not.toMatch(/http|token/)
  })
})

type Case = {
  name: string
  file: string
  format: SourceFormat
  args: string[]
  source: Partial<Manifest['source']>
  baseRate: number
}

const CASES: Case[] = [
  {
    name: '8 kHz, 8 bit, mono WAV',
    file: 'phone.wav',
    format: 'wav',
    args: ['-ar', '8000', '-ac', '1', '-c:a', 'pcm_u8'],
    source: { sampleRate: 8000, channels: 1, bitDepth: 8, isLossless: true },
    baseRate: 48_000,
  },
  {
    name: '22.05 kHz MP3',
    file: 'low.mp3',
    format: 'mp3',
    args: ['-ar', '22050'],
    source: { codec: 'mp3', sampleRate: 22_050, isLossless: false },
    baseRate: 44_100,
  },
  {
    name: '96 kHz, 24 bit FLAC',
    file: 'high.flac',
    format: 'flac',
    args: ['-ar', '96000', '-sample_fmt', 's32'],
    source: { sampleRate: 96_000, bitDepth: 24, isLossless: true },
    baseRate: 48_000,
  },
  {
    name: '192 kHz, 24 bit WAV',
    file: 'higher.wav',
    format: 'wav',
    args: ['-ar', '192000', '-c:a', 'pcm_s24le'],
    source: { sampleRate: 192_000, bitDepth: 24, isLossless: true },
    baseRate: 48_000,
  },
  {
    name: 'float WAV',
    file: 'float.wav',
    format: 'wav',
    args: ['-c:a', 'pcm_f32le'],
    source: { codec: 'pcm_f32le', isLossless: true },
    baseRate: 44_100,
  },
  {
    name: '5.1 FLAC',
    file: 'surround.flac',
    format: 'flac',
    args: ['-ac', '6', '-ar', '48000'],
    source: { channels: 6, isLossless: true },
    baseRate: 48_000,
  },
  {
    name: 'AIFF',
    file: 'apple.aiff',
    format: 'aiff',
    args: [],
    source: { codec: 'pcm_s16be', isLossless: true },
    baseRate: 44_100,
  },
  {
    name: 'Apple Lossless',
    file: 'lossless.m4a',
    format: 'mp4',
    args: ['-c:a', 'alac', '-sample_fmt', 's16p'],
    source: { codec: 'alac', bitDepth: 16, isLossless: true },
    baseRate: 44_100,
  },
  {
    name: 'AAC in M4A',
    file: 'lossy.m4a',
    format: 'mp4',
    args: ['-c:a', 'aac'],
    source: { codec: 'aac', bitDepth: null, isLossless: false },
    baseRate: 44_100,
  },
  {
    name: 'ADPCM WAV',
    file: 'adpcm.wav',
    format: 'wav',
    args: ['-c:a', 'adpcm_ima_wav'],
    source: { codec: 'adpcm_ima_wav', bitDepth: null, isLossless: false },
    baseRate: 44_100,
  },
  {
    name: 'A-law WAV',
    file: 'alaw.wav',
    format: 'wav',
    args: ['-ar', '8000', '-ac', '1', '-c:a', 'pcm_alaw'],
    source: { codec: 'pcm_alaw', isLossless: false },
    baseRate: 48_000,
  },
  {
    name: 'Opus',
    file: 'small.opus',
    format: 'ogg',
    args: ['-c:a', 'libopus'],
    source: { codec: 'opus', sampleRate: 48_000, isLossless: false },
    baseRate: 48_000,
  },
  {
    name: 'Vorbis',
    file: 'small.ogg',
    format: 'ogg',
    args: ['-c:a', 'libvorbis'],
    source: { codec: 'vorbis', isLossless: false },
    baseRate: 44_100,
  },
]

it.for(CASES)('takes $name', async ({ file, format, args, source, baseRate }) => {
  const path = await fixture(file, [...noise({ seconds: 2 }), ...args])
  const { manifest } = await transcode(path, format)
  expect(manifest.source).toMatchObject(source)
  expect(manifest.damage).toBeNull()
  expect(manifest.durationMs / 1000).toBeCloseTo(2, 0)
  const aac = manifest.renditions.filter(({ codec }) => codec === 'mp4a.40.2')
  expect(aac.map(({ sampleRate, channels }) => [sampleRate, channels])).toEqual(aac.map(() => [baseRate, 2]))
  expect(aac).toHaveLength(3)
  const flac = manifest.renditions.find(({ name }) => name === 'flac')
  expect(flac !== undefined).toBe(source.isLossless)
  if (flac)
    expect([flac.sampleRate, flac.channels]).toEqual([manifest.source.sampleRate, manifest.source.channels])
})

it('reads a source through any length of lyrics', async () => {
  const lyrics = Array.from({ length: 2000 }, (_, line) => `La la la, line ${line}`).join('\n')
  const tagged = await fixture('lyrics.flac', [...noise({ seconds: 2 }), '-metadata', `LYRICS=${lyrics}`])
  const { manifest } = await transcode(tagged, 'flac')
  expect(manifest).toMatchObject({ source: { codec: 'flac' }, damage: null })
  expect(manifest.loudness.truePeakDbtp).not.toBeNull()
})

it('previews thirty seconds from one third on', async () => {
  const path = await fixture('long.mp3', noise({ seconds: 36 }))
  const { job, manifest } = await transcode(path, 'mp3')
  expect(manifest.preview).toMatchObject({ startMs: 6000, durationMs: 30_000 })
  const preview = both().worker.output(job.trackId, 'preview.mp4') ?? Buffer.alloc(0)
  const samples = await decodeMono(await bytesFixture('preview.mp4', preview))
  expect(samples.length / 44_100).toBeCloseTo(30, 1)
  expect(Math.abs(samples[0] ?? 0)).toBeLessThan(200)
})
