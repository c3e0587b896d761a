import { stat } from 'node:fs/promises'
import type { Rendition } from '../../src/transcoding/protocol.ts'
import { JobFailure } from './failure.ts'
import { inputArguments, type Source } from './input-arguments.ts'
import type { Rung } from './ladder.ts'
import { runProgram } from './program.ts'
import { readSegmentTable, type SegmentTable } from './sidx.ts'
import { createLineReader } from './stderr-lines.ts'
import { firstComplaint } from './verdict.ts'

export type EncodeOptions = {
  signal: AbortSignal
  onProgress: (encodedSeconds: number) => void
  limitSeconds: number
}

/**
 * Encodes one rendition of a source into a CMAF file.
 * @throws JobFailure `transcoder_error`, retryable.
 */
export async function encodeRendition(
  ffmpeg: string,
  source: Source,
  rung: Rung,
  path: string,
  options: EncodeOptions,
): Promise<Rendition> {
  const input = inputArguments(source, ['-t', String(options.limitSeconds)])
  await encode(ffmpeg, [...input, ...audioOnly, ...rung.options], path, options)
  const table = await readSegmentTable(path).catch((error: Error) => {
    throw new JobFailure(
      'transcoder_error',
      `The rendition ${rung.name} is malformed: ${error.message}.`,
      true,
    )
  })
  const { size } = await stat(path)
  const { name, codec, sampleRate, channels } = rung
  return { name, codec, bytes: size, ...bitrates(table, size), sampleRate, channels, ...table }
}

/** Never the cover, and no tag of the source. */
export const audioOnly = ['-map', '0:a:0', '-map_metadata', '-1', '-map_chapters', '-1']

/** Runs one encoder; progress comes as `out_time_us` (`out_time_ms` means the same microseconds). */
export async function encode(
  ffmpeg: string,
  args: string[],
  path: string,
  options: Omit<EncodeOptions, 'limitSeconds'>,
): Promise<void> {
  const progress = createLineReader((line) => {
    const microseconds = Number(/^out_time_(?:us|ms)=(\d+)/.exec(line)?.[1])
    if (microseconds > 0) options.onProgress(microseconds / 1e6)
  })
  const run = [...args, '-threads', '1', '-progress', 'pipe:1', `file:${path}`]
  const { exitCode, stderr } = await runProgram(ffmpeg, run, {
    signal: options.signal,
    onStdout: progress.push,
  })
  if (exitCode === 0) return
  const isFull = stderr.some((line) => line.includes('No space left on device'))
  const reason = isFull ? 'no disk space left' : (firstComplaint(stderr) ?? `exit code ${exitCode}`)
  throw new JobFailure('transcoder_error', `ffmpeg could not encode: ${reason}`.slice(0, 500), true)
}

/**
 * Mean over the segments, and peak segment bit rate: over segments of at least half the longest one's duration
 * (RFC 8216bis, 4.4.6.2: a short rest at the end says nothing).
 */
export function bitrates(
  { segments, timescale, initBytes }: SegmentTable,
  bytes: number,
): Pick<Rendition, 'bitrateBps' | 'peakBitrateBps'> {
  const duration = segments.reduce((sum, [, ticks]) => sum + ticks, 0) / timescale
  const longest = Math.max(...segments.map(([, ticks]) => ticks))
  const rates = segments
    .filter(([, ticks]) => ticks >= longest / 2)
    .map(([size, ticks]) => (size * 8 * timescale) / ticks)
  const bitrateBps = Math.ceil(((bytes - initBytes) * 8) / duration)
  return {
    bitrateBps,
    peakBitrateBps: Math.max(bitrateBps, Math.ceil(rates.reduce((a, b) => Math.max(a, b)))),
  }
}
