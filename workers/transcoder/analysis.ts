import type { Loudness } from '../../src/transcoding/protocol.ts'
import { inputArguments, type Source } from './input-arguments.ts'
import { createLoudnessHistogram, round2, trackGain } from './loudness.ts'
import type { SourceAudio } from './probe.ts'
import { runProgram } from './program.ts'
import { createSampleReader } from './sample-reader.ts'
import { createLineReader } from './stderr-lines.ts'
import { stereoFilter } from './stereo.ts'
import { createWaveform, type Waveform } from './waveform.ts'

/** A range needs several short-term values of 3 s each; of one, the filter makes 20 LU. */
const SHORTEST_RANGE_SECONDS = 4

export type Analysis = {
  /** Decoded samples per channel at the source's rate. */
  samples: number
  loudness: Loudness
  /** Null where nothing was decoded. */
  waveform: Waveform | null
  /** What the decoder said, from the first line on. */
  stderr: string[]
}

type Options = {
  /** Decoding stops a second later, however much more there is. */
  maxDurationS: number
  signal: AbortSignal
  onProgress: (decodedSeconds: number) => void
}

/** One full decode of a source, which counts, measures and draws it. */
export async function analyseSource(
  ffmpeg: string,
  source: Source,
  audio: SourceAudio,
  options: Options,
): Promise<Analysis> {
  const histogram = createLoudnessHistogram()
  const waveform = createWaveform()
  const momentary = createLineReader((line) => {
    const value = /^lavfi\.r128\.M=(\S+)/.exec(line)?.[1]
    if (value) histogram.add(Number(value))
  })
  const readSamples = createSampleReader((samples) => waveform.addSamples(samples))
  const { stderr } = await runProgram(ffmpeg, analysisArguments(source, audio, options.maxDurationS + 1), {
    signal: options.signal,
    onPipe3: momentary.push,
    onStdout: (chunk) => {
      readSamples(chunk)
      options.onProgress(waveform.samples() / audio.sampleRate)
    },
  })
  const samples = waveform.samples()
  return {
    samples,
    loudness: summarise(histogram, stderr, samples / audio.sampleRate),
    waveform: samples > 0 ? waveform.finish(audio.sampleRate) : null,
    stderr,
  }
}

/**
 * Loudness is measured on the stereo that the AAC renditions hold, since the fold-down of 5.1 has a loudness and a
 * peak of its own. The momentary values leave through descriptor 3; tags that a stream carries are deleted before, so that
 * none can pass for one. The explicit `aresample`s keep what either branch wants (mono, or the 48 kHz of older
 * filters) from being applied to both.
 */
function analysisArguments(source: Source, audio: SourceAudio, limitSeconds: number): string[] {
  const measure = [
    'ametadata=mode=delete',
    'aresample',
    stereoFilter(audio),
    'ebur128=peak=true:metadata=1',
    "ametadata=mode=print:key=lavfi.r128.M:file='pipe\\:3'",
    'anullsink',
  ].join(',')
  const graph = [
    `[0:a:0]aformat=sample_rates=${audio.sampleRate},asplit=2[measured][counted]`,
    `[measured]${measure}`,
    '[counted]aresample,aformat=channel_layouts=mono[mono]',
  ].join(';')
  return [
    ...inputArguments(source, ['-t', String(limitSeconds)]),
    ...['-filter_complex_threads', '1', '-filter_complex', graph],
    ...['-map', '[mono]', '-map_metadata', '-1', '-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1'],
  ]
}

function summarise(
  histogram: ReturnType<typeof createLoudnessHistogram>,
  stderr: string[],
  seconds: number,
): Loudness {
  const integrated = histogram.integratedLufs()
  const truePeak = lastNumber(stderr, /^\s+Peak:\s+(\S+) dBFS/)
  const range = lastNumber(stderr, /^\s+LRA:\s+(\S+) LU/)
  const integratedLufs = integrated === null ? null : round2(integrated)
  return {
    integratedLufs,
    rangeLu: seconds < SHORTEST_RANGE_SECONDS ? 0 : Math.max(0, range ?? 0),
    truePeakDbtp: truePeak,
    trackGainDb: trackGain(integratedLufs, truePeak),
    histogram: histogram.coarse(),
  }
}

/** The filter sums up at its end, and once before its start, with nothing in it. */
function lastNumber(lines: string[], pattern: RegExp): number | null {
  const value = lines.map((line) => pattern.exec(line)?.[1]).findLast((match) => match !== undefined)
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}
