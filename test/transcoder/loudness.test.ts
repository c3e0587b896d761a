import { describe, expect, it } from 'vitest'
import { createLoudnessHistogram, integratePooled, trackGain } from '../../workers/transcoder/loudness.ts'
import { analyse } from './support/analyse.ts'
import { bytesFixture, ffmpeg, fixture, noise, sine } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'

const { both, transcode } = useTranscoder()

const measuredByFfmpeg = async (path: string) => {
  const report = await ffmpeg(['-i', path, '-map', '0:a:0', '-af', 'ebur128=peak=true', '-f', 'null', '-'])
  const last = (pattern: RegExp) => Number([...report.matchAll(pattern)].at(-1)?.[1])
  return { integrated: last(/I:\s+(\S+) LUFS/g), peak: last(/Peak:\s+(\S+) dBFS/g) }
}

describe('EBU Tech 3341, minimum requirements', () => {
  it.for([-23, -33])(
    'case 1 and 2: a 1 kHz stereo sine at %i dBFS measures the same in LUFS',
    async (dbfs) => {
      const { loudness } = await analyse(await fixture(`sine${dbfs}.wav`, sine({ dbfs })), 'wav')
      expect(loudness.integratedLufs).toBeGreaterThanOrEqual(dbfs - 0.1)
      expect(loudness.integratedLufs).toBeLessThanOrEqual(dbfs + 0.1)
      expect(loudness.truePeakDbtp).toBeCloseTo(dbfs, 0)
      expect(loudness.trackGainDb).toBeCloseTo(-18 - dbfs, 0)
    },
  )

  it('case 3, shortened: quiet passages are gated out', async () => {
    const level = (dbfs: number, from: number, to: number) => `${10 ** (dbfs / 20)}*between(t,${from},${to})`
    const tone = `(${level(-36, 0, 3)}+${level(-23, 3, 21)}+${level(-36, 21, 24)})*sin(2*PI*1000*t)`
    const args = ['-f', 'lavfi', '-i', `aevalsrc='${tone}|${tone}':s=48000:d=24`]
    const { loudness } = await analyse(await fixture('steps.wav', args), 'wav')
    expect(Math.abs((loudness.integratedLufs ?? 0) + 23)).toBeLessThanOrEqual(0.1)
  })
})

it('measures what ffmpeg measures, from the histogram too', async () => {
  const path = await fixture('music.flac', noise({ seconds: 10 }))
  const { loudness } = await analyse(path, 'flac')
  const { integrated, peak } = await measuredByFfmpeg(path)
  expect(Math.abs((loudness.integratedLufs ?? 0) - integrated)).toBeLessThanOrEqual(0.1)
  expect(loudness.truePeakDbtp).toBe(peak)
  expect(Math.abs((integratePooled([loudness.histogram]) ?? 0) - integrated)).toBeLessThanOrEqual(0.2)
})

it('gates an album as one piece', async () => {
  const tracks = [
    await fixture('quiet.wav', sine({ dbfs: -40 })),
    await fixture('middle.wav', sine({ dbfs: -26 })),
    await fixture('loud.wav', sine({ dbfs: -20 })),
  ]
  const histograms = []
  for (const track of tracks) histograms.push((await analyse(track, 'wav')).loudness.histogram)
  const joined = tracks.flatMap((track) => ['-i', track])
  const album = await fixture('album.wav', [...joined, '-filter_complex', 'concat=n=3:v=0:a=1'])
  const { integrated } = await measuredByFfmpeg(album)
  expect(Math.abs((integratePooled(histograms) ?? 0) - integrated)).toBeLessThanOrEqual(0.2)
})

it('has no loudness for silence', async () => {
  const silence = await fixture('silence.wav', ['-f', 'lavfi', '-i', 'anullsrc=r=44100:cl=stereo:d=3'])
  const { loudness } = await analyse(silence, 'wav')
  expect(loudness).toEqual({
    integratedLufs: null,
    rangeLu: 0,
    truePeakDbtp: null,
    trackGainDb: null,
    histogram: [],
  })
})

it.for([
  { name: 'mono', layout: 'mono', channels: ['0.1*sin(2*PI*1000*t)'] },
  {
    name: '5.1',
    layout: '5.1',
    channels: [1000, 500, 300, 60, 700, 900].map((hertz) => `0.1*sin(2*PI*${hertz}*t)`),
  },
])('measures $name as its AAC renditions sound', async ({ name, layout, channels }) => {
  const args = ['-f', 'lavfi', '-i', `aevalsrc=${channels.join('|')}:s=48000:d=4:c=${layout}`]
  const { job, manifest } = await transcode(await fixture(`${name}.wav`, args), 'wav')
  const aac = both().worker.output(job.trackId, 'aac-256.mp4') ?? Buffer.alloc(0)
  const { integrated, peak } = await measuredByFfmpeg(await bytesFixture(`${name}-aac.mp4`, aac))
  expect(Math.abs((manifest.loudness.integratedLufs ?? 0) - integrated)).toBeLessThanOrEqual(0.2)
  // Coding moves the peaks of pure tones by more than a decibel.
  expect(Math.abs((manifest.loudness.truePeakDbtp ?? 0) - peak)).toBeLessThanOrEqual(2)
})

it('never turns a track up past its peak', () => {
  expect(trackGain(-30, -3)).toBe(2)
  expect(trackGain(-10, 0.5)).toBe(-8)
  expect(trackGain(null, null)).toBeNull()
})

it('counts each block in its bin of 0.1 LU, and nothing below -70 LUFS', () => {
  const histogram = createLoudnessHistogram()
  for (const lufs of [-70, -69.951, -23.05, -23, -120.7, Number.NaN, Number.NEGATIVE_INFINITY])
    histogram.add(lufs)
  expect(histogram.coarse()).toEqual([
    [0, 2],
    [469, 1],
    [470, 1],
  ])
})
