import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Job,
  type JobFailureCode,
  type Manifest,
  manifestSchema,
} from '../../src/transcoding/protocol.ts'
import { type Analysis, analyseSource } from './analysis.ts'
import type { Config } from './config.ts'
import { readDeclaration } from './declared/length.ts'
import { fetchInput, postEvent, postOnce, putBytes } from './exchange.ts'
import { asJobFailure, JobDropped, JobFailure } from './failure.ts'
import { createJobFolder } from './job-folder.ts'
import { makeOutputs, type OutputContext, type Outputs, type Tools } from './outputs.ts'
import { type ProbedSource, probeSource } from './probe.ts'
import { createProgress, reportProgress } from './progress.ts'
import type { Semaphore } from './semaphore.ts'
import { judgeSource } from './verdict.ts'
import type { Waveform } from './waveform.ts'

export type JobDependencies = {
  config: Pick<Config, 'workDir' | 'maxDurationS' | 'jobTimeoutS'>
  tools: Tools
  cores: Semaphore
}

export type JobOutcome = {
  /** `undelivered`: all is stored, but the Worker could not be told. */
  outcome: 'done' | 'undelivered' | 'failed' | 'dropped'
  code?: JobFailureCode
  detail?: string
  /** An unexpected error, for the log only. */
  error?: string
  stagesMs: Record<string, number>
}

type Progress = ReturnType<typeof createProgress>
type Timing = <T>(stage: string, work: Promise<T>) => Promise<T>

/**
 * Runs one job to its end: reports it, and leaves nothing behind on the disk.
 * @param cancel aborts the job; with a JobDropped as its reason, or any other to report nothing (shutting down).
 */
export async function runJob(
  dependencies: JobDependencies,
  job: Job,
  cancel: AbortSignal,
): Promise<JobOutcome> {
  const { config } = dependencies
  const local = new AbortController()
  const timeout = setTimeout(() => local.abort(timedOut(config.jobTimeoutS)), config.jobTimeoutS * 1000)
  const signal = AbortSignal.any([cancel, local.signal])
  const stagesMs: Record<string, number> = {}
  const folder = await createJobFolder(config.workDir)
  const progress = createProgress()
  const stopReporting = reportProgress(progress, (event) =>
    postOnce(job, event, signal).catch((error: unknown) => {
      if (error instanceof JobDropped) local.abort(error)
    }),
  )
  try {
    await work(dependencies, job, folder, signal, progress, createTiming(stagesMs))
    await stopReporting()
    const isDelivered = await reportDone(job, signal)
    return { outcome: isDelivered ? 'done' : 'undelivered', stagesMs }
  } catch (error) {
    await stopReporting()
    if (cancel.aborted || error instanceof JobDropped) return { outcome: 'dropped', stagesMs }
    return { ...(await reportFailure(job, error, cancel)), stagesMs }
  } finally {
    clearTimeout(timeout)
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Fetch, judge, encode and store, manifest last. */
async function work(
  { tools, cores, config }: JobDependencies,
  job: Job,
  folder: string,
  signal: AbortSignal,
  progress: Progress,
  timed: Timing,
): Promise<void> {
  const source = { path: join(folder, 'source'), format: job.format }
  await timed(
    'fetch',
    fetchInput(job, source.path, signal, (share) => progress.update('fetch', share)),
  )
  progress.update('analyse', 0)
  const probed = await cores(signal, () => probeSource(tools.ffmpeg, source, signal))
  const declared = await readDeclaration(source)
  const onDecoded = (seconds: number) =>
    progress.update('analyse', declared.seconds ? seconds / declared.seconds : 0)
  const options = { maxDurationS: config.maxDurationS, signal, onProgress: onDecoded }
  const analysis = await timed(
    'analyse',
    cores(signal, () => analyseSource(tools.ffmpeg, source, probed.audio, options)),
  )
  const { sampleRate } = probed.audio
  const damage = judgeSource({ ...analysis, sampleRate }, declared, config.maxDurationS)
  const seconds = analysis.samples / sampleRate
  progress.update('encode', 0)
  const context: OutputContext = {
    ...{ tools, cores, job, folder, source, probed, seconds },
    maxDurationS: config.maxDurationS,
  }
  const waveform = requireWaveform(analysis)
  const outputs = await timed(
    'encode',
    makeOutputs(context, waveform, signal, (share) => progress.update('encode', share)),
  )
  progress.update('store', 0)
  const manifest = describe(job, probed, analysis, outputs, damage)
  await timed('store', putBytes(job, 'manifest.json', JSON.stringify(manifest), signal))
}

function requireWaveform({ waveform }: Analysis): Waveform {
  if (!waveform) throw new JobFailure('no_audio', 'The file holds no audio that can be decoded.', false)
  return waveform
}

function describe(
  job: Job,
  probed: ProbedSource,
  analysis: Analysis,
  outputs: Outputs,
  damage: string | null,
): Manifest {
  const { trackId, sourceHash, profile } = job
  return manifestSchema.parse({
    ...{ version: 1, trackId, sourceHash, profile, damage },
    source: probed.audio,
    samples: analysis.samples,
    durationMs: Math.max(1, Math.round((analysis.samples / probed.audio.sampleRate) * 1000)),
    loudness: analysis.loudness,
    ...outputs,
  } satisfies Manifest)
}

/** Once the manifest is stored there is nothing left to fail: whoever asks again finds it. */
async function reportDone(job: Job, signal: AbortSignal): Promise<boolean> {
  return postEvent(job, { type: 'done' }, signal).then(
    () => true,
    () => false,
  )
}

async function reportFailure(
  job: Job,
  error: unknown,
  cancel: AbortSignal,
): Promise<Omit<JobOutcome, 'stagesMs'>> {
  const failure = asJobFailure(error)
  const { code, isRetryable, message } = failure
  const detail = message.slice(0, 500)
  await postEvent(job, { type: 'failed', code, detail, isRetryable }, cancel).catch(() => undefined)
  const unexpected = failure === error ? {} : { error: String(error).slice(0, 500) }
  return { outcome: 'failed', code, detail, ...unexpected }
}

function createTiming(stagesMs: Record<string, number>): Timing {
  return async (stage, working) => {
    const start = performance.now()
    try {
      return await working
    } finally {
      stagesMs[stage] = Math.round(performance.now() - start)
    }
  }
}

function timedOut(seconds: number) {
  return new JobFailure('too_long', `The job took longer than ${seconds} s.`, false)
}
