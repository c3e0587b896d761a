const START_SAMPLES_PER_BUCKET = 16
const MAX_BUCKETS = 16_384
const WANTED_POINTS = 1000
const HEADER_BYTES = 24

export type Waveform = { sampleRate: number; samplesPerPoint: number; points: number; data: Int8Array }

/**
 * Collects minima and maxima of mono samples whose number is not known beforehand: when the buckets run out,
 * neighbours are merged.
 */
export function createWaveform() {
  const low = new Int16Array(MAX_BUCKETS)
  const high = new Int16Array(MAX_BUCKETS)
  let perBucket = START_SAMPLES_PER_BUCKET
  let bucket = 0
  let inBucket = 0
  let total = 0

  const merge = () => {
    mergeNeighbours(low, Math.min)
    mergeNeighbours(high, Math.max)
    bucket /= 2
    perBucket *= 2
  }
  return {
    addSamples(samples: Int16Array) {
      for (const sample of samples) {
        if (inBucket === 0) {
          low[bucket] = sample
          high[bucket] = sample
        } else if (sample < (low[bucket] ?? 0)) low[bucket] = sample
        else if (sample > (high[bucket] ?? 0)) high[bucket] = sample
        inBucket += 1
        if (inBucket < perBucket) continue
        inBucket = 0
        bucket += 1
        if (bucket === MAX_BUCKETS) merge()
      }
      total += samples.length
    },
    samples: () => total,
    /** About 1,000 points of 8 bits, minimum and maximum in turn. */
    finish(sampleRate: number): Waveform {
      const buckets = bucket + (inBucket > 0 ? 1 : 0)
      const perPoint = Math.max(1, Math.round(buckets / WANTED_POINTS))
      const points = Math.ceil(buckets / perPoint)
      const data = new Int8Array(points * 2)
      for (let point = 0; point < points; point += 1) {
        const from = point * perPoint
        const to = Math.min(buckets, from + perPoint)
        data[point * 2] = Math.min(...low.subarray(from, to)) >> 8
        data[point * 2 + 1] = Math.max(...high.subarray(from, to)) >> 8
      }
      return { sampleRate, samplesPerPoint: perBucket * perPoint, points, data }
    },
  }
}

function mergeNeighbours(values: Int16Array, choose: (a: number, b: number) => number): void {
  for (let at = 0; at < values.length / 2; at += 1) {
    values[at] = choose(values[2 * at] ?? 0, values[2 * at + 1] ?? 0)
  }
}

/** Binary format, version 2 (github.com/bbc/audiowaveform, doc/DataFormat.md). */
export function waveformBinary(waveform: Waveform): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(HEADER_BYTES)
  const is8Bit = 1
  header.writeInt32LE(2, 0)
  header.writeUInt32LE(is8Bit, 4)
  header.writeInt32LE(waveform.sampleRate, 8)
  header.writeInt32LE(waveform.samplesPerPoint, 12)
  header.writeUInt32LE(waveform.points, 16)
  header.writeInt32LE(1, 20)
  return Buffer.concat([header, Buffer.from(waveform.data.buffer)])
}

/** JSON format, version 2, of the same document. */
export function waveformJson(waveform: Waveform): string {
  return JSON.stringify({
    version: 2,
    channels: 1,
    sample_rate: waveform.sampleRate,
    samples_per_pixel: waveform.samplesPerPoint,
    bits: 8,
    length: waveform.points,
    data: [...waveform.data],
  })
}
