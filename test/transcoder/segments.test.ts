import { beforeAll, describe, expect, it } from 'vitest'
import type { Job, Manifest, Rendition } from '../../src/transcoding/protocol.ts'
import { bitrates } from '../../workers/transcoder/encode.ts'
import { baseRate, ladderFor } from '../../workers/transcoder/ladder.ts'
import { parseSidx } from '../../workers/transcoder/sidx.ts'
import { bytesFixture, ffmpeg, fixture, noise } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'

/** 256 AAC frames of 1,024 samples, or 64 FLAC blocks of 4,096. */
const FRAGMENT = 262_144
/** What an AAC encoder puts in front, and the edit list takes away again. */
const AAC_PRIMING = 1024

const { both, transcode } = useTranscoder()

/** Where segments end, in samples at the base rate on the encoder's own clock, but for the last one. */
function boundaries({ segments, timescale, codec, sampleRate }: Rendition): number[] {
  const priming = codec === 'fLaC' ? 0 : AAC_PRIMING
  let samples = priming
  const ends = segments.map(([, ticks]) => {
    samples += (ticks * sampleRate) / timescale
    return (samples * baseRate(sampleRate)) / sampleRate
  })
  return ends.slice(0, -1)
}

function topLevelBoxes(bytes: Buffer): { type: string; position: number; size: number }[] {
  const boxes = []
  for (let position = 0; position < bytes.length; ) {
    const size = bytes.readUInt32BE(position)
    boxes.push({ type: bytes.toString('latin1', position + 4, position + 8), position, size })
    position += size
  }
  return boxes
}

describe.for([
  { name: '44.1 kHz', rate: 44_100 },
  { name: '96 kHz', rate: 96_000 },
])('the segments of a $name source', ({ name, rate }) => {
  let job: Job
  let manifest: Manifest
  const bytesOf = (rendition: Rendition) =>
    both().worker.output(job.trackId, `${rendition.name}.mp4`) ?? Buffer.alloc(0)

  beforeAll(async () => {
    const source = [...noise({ seconds: 14, rate }), '-sample_fmt', 's16']
    const done = await transcode(await fixture(`segments-${name}.flac`, source), 'flac')
    job = done.job
    manifest = done.manifest
  })

  it('end at the same sample in every rendition', () => {
    for (const rendition of manifest.renditions) {
      expect(boundaries(rendition), rendition.name).toEqual([FRAGMENT, 2 * FRAGMENT])
    }
  })

  it('last as long as the track, together', () => {
    for (const { segments, timescale } of manifest.renditions) {
      const seconds = segments.reduce((sum, [, ticks]) => sum + ticks, 0) / timescale
      expect(seconds).toBeCloseTo(14, 1)
    }
  })

  it('cover the file from the end of its index to its trailer, each from one moof to the next', () => {
    for (const rendition of manifest.renditions) {
      const boxes = topLevelBoxes(bytesOf(rendition))
      expect(boxes.slice(0, 3).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'sidx'])
      expect(rendition.mapBytes).toBe(boxes[2]?.position)
      let position = rendition.initBytes
      for (const [bytes] of rendition.segments) {
        expect(boxes.find((box) => box.position === position)?.type).toBe('moof')
        position += bytes
      }
      expect(boxes.find((box) => box.position === position)?.type).toBe('mfra')
      expect(rendition.bytes).toBe(bytesOf(rendition).length)
    }
  })

  it('decode on their own behind the map, without a complaint', async () => {
    for (const rendition of manifest.renditions) {
      const bytes = bytesOf(rendition)
      const [first, second] = rendition.segments
      const start = rendition.initBytes + (first?.[0] ?? 0)
      const piece = Buffer.concat([
        bytes.subarray(0, rendition.mapBytes),
        bytes.subarray(start, start + (second?.[0] ?? 0)),
      ])
      const path = await bytesFixture(`${rendition.name}-piece.mp4`, piece)
      expect(await ffmpeg(['-v', 'error', '-i', path, '-f', 'null', '-'])).toBe('')
    }
  })

  it('give bit rates near those that were asked for', () => {
    const rateOf = (wanted: string) => manifest.renditions.find(({ name: one }) => one === wanted)?.bitrateBps
    expect(rateOf('aac-64')).toBeGreaterThan(55_000)
    expect(rateOf('aac-64')).toBeLessThan(75_000)
    expect(rateOf('aac-256')).toBeGreaterThan(200_000)
    for (const { bitrateBps, peakBitrateBps } of manifest.renditions) {
      expect(peakBitrateBps).toBeGreaterThanOrEqual(bitrateBps)
    }
  })
})

it('makes 24 bit FLAC of floating-point samples', async () => {
  const source = await fixture('floats.wav', [...noise({ seconds: 2 }), '-c:a', 'pcm_f32le'])
  const { job } = await transcode(source, 'wav')
  const flac = both().worker.output(job.trackId, 'flac.mp4') ?? Buffer.alloc(0)
  const path = await bytesFixture('floats-flac.mp4', flac)
  expect(await ffmpeg(['-i', path, '-f', 'null', '-'])).toContain('s32 (24 bit)')
})

it('reads version 0 and version 1 of the index alike', () => {
  const entry = Buffer.alloc(12)
  entry.writeUInt32BE(1000, 0)
  entry.writeUInt32BE(262_144, 4)
  const box = (version: 0 | 1) => {
    const wide = version === 1 ? 8 : 4
    const head = Buffer.alloc(20 + 2 * wide + 4)
    head.writeUInt8(version, 8)
    head.writeUInt32BE(44_100, 16)
    head.writeUInt16BE(1, 20 + 2 * wide + 2)
    return Buffer.concat([head, entry])
  }
  const expected = { timescale: 44_100, firstOffset: 0, segments: [[1000, 262_144]] }
  expect(parseSidx(box(0))).toEqual(expected)
  expect(parseSidx(box(1))).toEqual(expected)
})

it('leaves a short last segment out of the peak', () => {
  const segments: [number, number][] = [
    [10_000, 10],
    [12_000, 10],
    [9000, 1],
  ]
  const table = { segments, timescale: 1, initBytes: 100, mapBytes: 50 }
  expect(bitrates(table, 31_100)).toEqual({
    bitrateBps: Math.ceil((31_000 * 8) / 21),
    peakBitrateBps: 11_810,
  })
})

it.for([
  [44_100, 44_100],
  [11_025, 44_100],
  [88_200, 44_100],
  [8000, 48_000],
  [32_000, 48_000],
  [192_000, 48_000],
])('encodes %i Hz at %i Hz', ([rate = 0, base]) => {
  expect(baseRate(rate)).toBe(base)
})

it('offers FLAC for lossless sources only', () => {
  const audio = { codec: 'x', sampleRate: 44_100, channels: 2, bitDepth: 16, isLossless: false }
  expect(ladderFor(audio).map(({ name }) => name)).not.toContain('flac')
  expect(ladderFor({ ...audio, isLossless: true }).map(({ name }) => name)).toContain('flac')
})
