import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { masterPlaylist, mediaPlaylist } from '../../src/streaming/hls.ts'
import type { Rendition } from '../../src/transcoding/protocol.ts'

/** 262,144 samples at 44.1 kHz are 5.944 s; the last segment is what is left over. */
const aac128: Rendition = {
  name: 'aac-128',
  codec: 'mp4a.40.2',
  bytes: 202_134,
  bitrateBps: 129_000,
  peakBitrateBps: 134_000,
  sampleRate: 44_100,
  channels: 2,
  timescale: 44_100,
  initBytes: 900,
  mapBytes: 800,
  segments: [
    [96_000, 262_144],
    [97_000, 262_144],
    [8_000, 22_050],
  ],
}
const aac64: Rendition = { ...aac128, name: 'aac-64', bitrateBps: 64_000, peakBitrateBps: 66_000 }
const aac256: Rendition = { ...aac128, name: 'aac-256', bitrateBps: 256_000, peakBitrateBps: 270_000 }
const flac: Rendition = {
  ...aac128,
  name: 'flac',
  codec: 'fLaC',
  bitrateBps: 700_000,
  peakBitrateBps: 900_000,
}

describe('the master playlist', () => {
  it('offers each rendition with its bandwidths and codec, by a relative address', () => {
    expect(masterPlaylist({ renditions: [aac64, aac128, aac256, flac] })).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-INDEPENDENT-SEGMENTS',
        '#EXT-X-STREAM-INF:BANDWIDTH=134000,AVERAGE-BANDWIDTH=129000,CODECS="mp4a.40.2"',
        'aac-128.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=66000,AVERAGE-BANDWIDTH=64000,CODECS="mp4a.40.2"',
        'aac-64.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=270000,AVERAGE-BANDWIDTH=256000,CODECS="mp4a.40.2"',
        'aac-256.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=700000,CODECS="fLaC"',
        'flac.m3u8',
        '',
      ].join('\n'),
    )
  })

  it('starts with 128 and goes on ascending, in whatever order the renditions come', () => {
    expect(addresses(masterPlaylist({ renditions: [flac, aac256, aac128, aac64] }))).toEqual([
      'aac-128.m3u8',
      'aac-64.m3u8',
      'aac-256.m3u8',
      'flac.m3u8',
    ])
  })

  it('starts with the smallest where 128 is not allowed', () => {
    expect(addresses(masterPlaylist({ renditions: [flac, aac64] }))).toEqual(['aac-64.m3u8', 'flac.m3u8'])
  })

  it('never announces a mean above the peak', () => {
    const short = { ...aac64, bitrateBps: 90_000 }
    expect(masterPlaylist({ renditions: [short] })).toContain('BANDWIDTH=90000,AVERAGE-BANDWIDTH=90000')
  })

  it('leaves the order of its input alone', () => {
    const renditions = [flac, aac128]
    masterPlaylist({ renditions })
    expect(renditions).toEqual([flac, aac128])
  })
})

describe('a media playlist', () => {
  it('lists byte ranges of the one file of its rendition, with no microsecond lost between them', () => {
    expect(mediaPlaylist(aac128)).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-TARGETDURATION:6',
        '#EXT-X-PLAYLIST-TYPE:VOD',
        '#EXT-X-MAP:URI="aac-128.mp4",BYTERANGE="800@0"',
        '#EXTINF:5.944308,',
        '#EXT-X-BYTERANGE:96000@900',
        'aac-128.mp4',
        '#EXTINF:5.944309,',
        '#EXT-X-BYTERANGE:97000@96900',
        'aac-128.mp4',
        '#EXTINF:0.500000,',
        '#EXT-X-BYTERANGE:8000@193900',
        'aac-128.mp4',
        '#EXT-X-ENDLIST',
        '',
      ].join('\n'),
    )
  })

  it('has the exact whole second as its target where the longest segment is one', () => {
    expect(mediaPlaylist({ ...aac128, segments: [[1, 6 * 44_100]] })).toContain('#EXT-X-TARGETDURATION:6\n')
  })

  const renditions = fc
    .record({
      timescale: fc.constantFrom(44_100, 48_000, 88_200, 96_000, 90_000, 1_000),
      initBytes: fc.integer({ min: 1, max: 5_000 }),
      segments: fc.array(fc.tuple(fc.integer({ min: 1, max: 1e7 }), fc.integer({ min: 1, max: 600_000 })), {
        minLength: 1,
        maxLength: 300,
      }),
    })
    .map((table): Rendition => ({ ...aac128, ...table, mapBytes: table.initBytes }))

  it('adds up to the duration of the track to the microsecond', () => {
    fc.assert(
      fc.property(renditions, (rendition) => {
        const ticks = rendition.segments.reduce((sum, [, duration]) => sum + duration, 0)
        const sumUs = durationsSeconds(mediaPlaylist(rendition))
          .map((seconds) => Math.round(seconds * 1e6))
          .reduce((sum, us) => sum + us, 0)
        expect(sumUs).toBe(Math.round((ticks / rendition.timescale) * 1e6))
      }),
    )
  })

  it('tiles the file from the header to the last segment without gap or overlap', () => {
    fc.assert(
      fc.property(renditions, (rendition) => {
        let position = rendition.initBytes
        for (const { bytes, offset } of byteRanges(mediaPlaylist(rendition))) {
          expect(offset).toBe(position)
          position += bytes
        }
        expect(position).toBe(rendition.segments.reduce((sum, [bytes]) => sum + bytes, rendition.initBytes))
      }),
    )
  })

  it('has no segment that rounds to more than the target duration', () => {
    fc.assert(
      fc.property(renditions, (rendition) => {
        const text = mediaPlaylist(rendition)
        const target = Number(/^#EXT-X-TARGETDURATION:(\d+)$/m.exec(text)?.[1])
        const longest = Math.max(...durationsSeconds(text))
        expect(Math.round(longest)).toBeLessThanOrEqual(target)
        expect(target).toBeLessThan(longest + 1)
      }),
    )
  })
})

function addresses(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

function durationsSeconds(playlist: string): number[] {
  return [...playlist.matchAll(/^#EXTINF:(\d+\.\d{6}),$/gm)].map(([, seconds]) => Number(seconds))
}

function byteRanges(playlist: string): { bytes: number; offset: number }[] {
  return [...playlist.matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)$/gm)].map(([, bytes, offset]) => ({
    bytes: Number(bytes),
    offset: Number(offset),
  }))
}
