import { JobFailure } from './failure.ts'
import { inputArguments, type Source } from './input-arguments.ts'
import { runProgram } from './program.ts'

/** A rendition has at most FLAC's 8 channels. */
const MAX_CHANNELS = 8
const MAX_SAMPLE_RATE = 655_350

export type SourceAudio = {
  codec: string
  sampleRate: number
  channels: number
  bitDepth: number | null
  isLossless: boolean
}

export type ProbedSource = {
  audio: SourceAudio
  /** The stream that holds an embedded picture. */
  coverStream: number | null
}

/**
 * What ffmpeg says a source holds, from the listing of its input streams.
 * @throws JobFailure `no_audio` or `unsupported_codec`.
 */
export async function probeSource(
  ffmpeg: string,
  source: Source,
  signal: AbortSignal,
): Promise<ProbedSource> {
  const output = ['-map', '0:a:0', '-c', 'copy', '-frames:a', '1', '-f', 'null', '-']
  const { stderr } = await runProgram(ffmpeg, [...inputArguments(source), ...output], { signal })
  return { audio: readAudioStream(stderr), coverStream: readCoverStream(stderr) }
}

function readAudioStream(lines: string[]): SourceAudio {
  const description = lines.map((line) => /Stream #0:\d+.*?: Audio: (.+)$/.exec(line)?.[1]).find(Boolean)
  if (!description) throw new JobFailure('no_audio', 'The file holds no audio that can be read.', false)
  const [codecPart = '', ...rest] = description.split(', ')
  const codec = (/^[\w.-]+/.exec(codecPart)?.[0] ?? 'none').slice(0, 64)
  if (codec === 'none') throw new JobFailure('unsupported_codec', 'The audio codec is unknown.', false)
  const sampleRate = Number(/(?:^|, )(\d+) Hz/.exec(rest.join(', '))?.[1] ?? 0)
  const layout = rest[rest.findIndex((part) => part.endsWith(' Hz')) + 1] ?? ''
  const channels = countChannels(layout)
  if (sampleRate <= 0 || channels === 0) {
    throw new JobFailure('no_audio', 'The file holds no audio that can be decoded.', false)
  }
  if (channels > MAX_CHANNELS || sampleRate > MAX_SAMPLE_RATE) {
    const detail = `${channels} channels at ${sampleRate} Hz are more than a rendition can hold.`
    throw new JobFailure('unsupported_codec', detail, false)
  }
  const isLossless = isLosslessCodec(codec)
  return { codec, sampleRate, channels, isLossless, bitDepth: isLossless ? readBitDepth(codec, rest) : null }
}

const NAMED_LAYOUTS: Record<string, number> = {
  mono: 1,
  stereo: 2,
  downmix: 2,
  binaural: 2,
  quad: 4,
  cube: 8,
  hexagonal: 6,
  octagonal: 8,
  hexadecagonal: 16,
}

/** @param layout as ffmpeg prints it: `stereo`, `5.1(side)`, `3 channels`, `7.1.4`. */
export function countChannels(layout: string): number {
  const counted = /^(\d+) channels/.exec(layout)
  if (counted) return Number(counted[1])
  const name = /^[\w.]+/.exec(layout)?.[0] ?? ''
  if (/^\d+(\.\d+)+$/.test(name)) return name.split('.').reduce((sum, part) => sum + Number(part), 0)
  return NAMED_LAYOUTS[name] ?? 0
}

/** A-law and mu-law are logarithmic, DPCM and ADPCM predict: they lose. */
export function isLosslessCodec(codec: string): boolean {
  if (codec.startsWith('pcm_')) return !/^pcm_(alaw|mulaw|vidc)$/.test(codec)
  return ['flac', 'alac', 'wavpack', 'tta', 'ape', 'mlp', 'truehd'].includes(codec)
}

function readBitDepth(codec: string, parts: string[]): number | null {
  const pcm = /^pcm_[a-z](\d+)/.exec(codec)
  if (pcm) return Number(pcm[1])
  const format = parts.find((part) => /^(u8|s16|s32|s64|flt|dbl)p?\b/.test(part)) ?? ''
  const raw = /\((\d+) bit\)/.exec(format) ?? /^[us](\d+)/.exec(format)
  return raw ? Number(raw[1]) : null
}

function readCoverStream(lines: string[]): number | null {
  const stream = lines
    .map((line) => /Stream #0:(\d+).*?: Video: .*\(attached pic\)/.exec(line)?.[1])
    .find(Boolean)
  return stream ? Number(stream) : null
}
