import { expect, it } from 'vitest'
import { createSampleReader } from '../../workers/transcoder/sample-reader.ts'
import { createWaveform, waveformBinary, waveformJson } from '../../workers/transcoder/waveform.ts'
import { fixture } from './support/fixtures.ts'
import { useTranscoder } from './support/run.ts'

const { both, transcode } = useTranscoder()

it('draws a square wave in the second half only, in both of the BBC formats', async () => {
  const square = 'if(lt(t,2),0,if(lt(mod(t,0.01),0.005),0.5,-0.5))'
  const path = await fixture('square.wav', ['-f', 'lavfi', '-i', `aevalsrc='${square}':s=44100:d=4`])
  const { job, manifest } = await transcode(path, 'wav')
  const binary = both().worker.output(job.trackId, 'waveform.dat') ?? Buffer.alloc(0)
  const json = JSON.parse(both().worker.output(job.trackId, 'waveform.json')?.toString() ?? '')
  const { points, samplesPerPoint } = manifest.waveform

  expect(points).toBeGreaterThan(900)
  expect(points).toBeLessThan(1100)
  expect(points).toBe(Math.ceil(manifest.samples / samplesPerPoint))
  const header = [0, 4, 8, 12, 16, 20].map((at) => binary.readInt32LE(at))
  expect(header).toEqual([2, 1, 44_100, samplesPerPoint, points, 1])
  expect(binary).toHaveLength(24 + 2 * points)
  expect(json).toMatchObject({
    version: 2,
    channels: 1,
    sample_rate: 44_100,
    samples_per_pixel: samplesPerPoint,
    bits: 8,
    length: points,
  })
  expect(json.data).toEqual([...new Int8Array(binary.subarray(24))])
  expect(json.data.slice(0, 900).every((value: number) => value === 0)).toBe(true)
  const later = json.data.slice(-800)
  expect([Math.min(...later), Math.max(...later)]).toEqual([-64, 64])
})

it('keeps about a thousand points and every peak, however long the track', () => {
  const waveform = createWaveform()
  const second = new Int16Array(48_000)
  second[24_000] = 32_767
  second[24_001] = -32_768
  for (let count = 0; count < 600; count += 1) waveform.addSamples(second)
  const drawn = waveform.finish(48_000)
  expect(waveform.samples()).toBe(600 * 48_000)
  expect(drawn.points).toBeGreaterThan(900)
  expect(drawn.points).toBeLessThan(1100)
  expect(drawn.points * drawn.samplesPerPoint).toBeGreaterThanOrEqual(600 * 48_000)
  expect(drawn.data.filter((value) => value === 127)).toHaveLength(600)
  expect(drawn.data.filter((value) => value === -128)).toHaveLength(600)
})

it('draws a single sample', () => {
  const waveform = createWaveform()
  waveform.addSamples(Int16Array.of(-512))
  const drawn = waveform.finish(8000)
  expect([...waveformBinary(drawn).subarray(24)]).toEqual([254, 254])
  expect(JSON.parse(waveformJson(drawn))).toMatchObject({ length: 1, data: [-2, -2] })
})

it('puts samples together that arrive in halves', () => {
  const seen: number[] = []
  const read = createSampleReader((samples) => seen.push(...samples))
  const bytes = Buffer.from(Int16Array.of(1, -2, 300, -400).buffer)
  for (const [from, to] of [
    [0, 3],
    [3, 4],
    [4, 5],
    [5, 8],
  ]) {
    read(bytes.subarray(from, to))
  }
  expect(seen).toEqual([1, -2, 300, -400])
})
