import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job, Manifest, OutputName, Rendition } from '../../src/transcoding/protocol.ts'
import { writeCoverVariants } from './cover.ts'
import { CoverProblem, extractCover } from './embedded-cover.ts'
import { encodeRendition } from './encode.ts'
import { putBytes, putFile } from './exchange.ts'
import { fingerprintSource } from './fingerprint.ts'
import { ladderFor, type Rung } from './ladder.ts'
import { encodePreview } from './preview.ts'
import type { ProbedSource } from './probe.ts'
import { createWeightedShare } from './progress.ts'
import { runTogether } from './run-together.ts'
import type { Semaphore } from './semaphore.ts'
import { type Waveform, waveformBinary, waveformJson } from './waveform.ts'

export type Tools = { ffmpeg: string; fpcalc: string | null }

export type OutputContext = {
  tools: Tools
  cores: Semaphore
  job: Job
  folder: string
  source: { path: string; format: Job['format'] }
  probed: ProbedSource
  seconds: number
  maxDurationS: number
}

type Cover = Pick<Manifest, 'cover' | 'coverProblem'>
export type Outputs = Cover & Pick<Manifest, 'renditions' | 'preview' | 'fingerprint' | 'waveform'>

/** Of the cost of an AAC rendition. */
const PREVIEW_WEIGHT = 0.2
/** Of a part's progress; the rest is its upload. */
const ENCODED_SHARE = 0.9

/**
 * Makes and stores everything but the manifest. Each file leaves as soon as it is whole, while others are still made.
 * @throws JobFailure, JobDropped
 */
export async function makeOutputs(
  context: OutputContext,
  waveform: Waveform,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Outputs> {
  const addPart = createWeightedShare(onProgress)
  const ladder = ladderFor(context.probed.audio)
  const advances = ladder.map((rung) => addPart(rung.weight))
  const advancePreview = addPart(PREVIEW_WEIGHT)
  const [points, renditions, preview, fingerprint, cover] = await runTogether<
    [Outputs['waveform'], Rendition[], Outputs['preview'], Outputs['fingerprint'], Cover]
  >(signal, (both) => [
    storeWaveform(context.job, waveform, both),
    runTogether<Rendition[]>(both, (each) =>
      ladder.map((rung, index) => makeRendition(context, rung, each, advances[index] ?? (() => undefined))),
    ),
    makePreview(context, both, advancePreview),
    makeFingerprint(context, both),
    makeCover(context, both),
  ])
  return { waveform: points, renditions: renditions.toReversed(), preview, fingerprint, ...cover }
}

async function makeRendition(
  context: OutputContext,
  rung: Rung,
  signal: AbortSignal,
  advance: (share: number) => void,
): Promise<Rendition> {
  const { tools, cores, source, seconds, maxDurationS } = context
  const name: OutputName = `${rung.name}.mp4`
  const path = join(context.folder, name)
  const options = {
    signal,
    limitSeconds: maxDurationS + 1,
    onProgress: (encoded: number) => advance((encoded / seconds) * ENCODED_SHARE),
  }
  const rendition = await cores(signal, () => encodeRendition(tools.ffmpeg, source, rung, path, options))
  await storeFile(context.job, name, path, signal)
  advance(1)
  return rendition
}

async function makePreview(context: OutputContext, signal: AbortSignal, advance: (share: number) => void) {
  const { tools, cores, source, seconds } = context
  const path = join(context.folder, 'preview.mp4')
  const track = { seconds, audio: context.probed.audio }
  const preview = await cores(signal, () => encodePreview(tools.ffmpeg, source, track, path, signal))
  await storeFile(context.job, 'preview.mp4', path, signal)
  advance(1)
  return preview
}

async function makeFingerprint({ tools, cores, source, folder }: OutputContext, signal: AbortSignal) {
  const { ffmpeg, fpcalc } = tools
  return fpcalc === null
    ? null
    : cores(signal, () => fingerprintSource({ ffmpeg, fpcalc }, source, folder, signal))
}

async function makeCover(context: OutputContext, signal: AbortSignal): Promise<Cover> {
  const { tools, cores, job, source, folder, probed } = context
  const stream = probed.coverStream
  if (stream === null) return { cover: null, coverProblem: null }
  const picture = join(folder, 'picture')
  try {
    const { cover, files } = await cores(signal, async () => {
      await extractCover(tools.ffmpeg, source, stream, picture, signal)
      return writeCoverVariants(picture, folder, signal)
    })
    for (const { name, path } of files) await storeFile(job, name, path, signal)
    return { cover, coverProblem: null }
  } catch (error) {
    if (error instanceof CoverProblem) return { cover: null, coverProblem: error.message }
    throw error
  }
}

async function storeWaveform(
  job: Job,
  waveform: Waveform,
  signal: AbortSignal,
): Promise<Manifest['waveform']> {
  await putBytes(job, 'waveform.dat', waveformBinary(waveform), signal)
  await putBytes(job, 'waveform.json', waveformJson(waveform), signal)
  return { points: waveform.points, samplesPerPoint: waveform.samplesPerPoint }
}

/** The disk holds a stored file no longer than needed. */
async function storeFile(job: Job, name: OutputName, path: string, signal: AbortSignal): Promise<void> {
  await putFile(job, name, path, signal)
  await rm(path)
}
