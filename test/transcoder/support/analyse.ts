import type { SourceFormat } from '../../../src/transcoding/protocol.ts'
import { analyseSource } from '../../../workers/transcoder/analysis.ts'
import { findExecutable } from '../../../workers/transcoder/ffmpeg.ts'
import { probeSource } from '../../../workers/transcoder/probe.ts'

/** Only the decode pass of a job. */
export async function analyse(path: string, format: SourceFormat) {
  const signal = AbortSignal.timeout(60_000)
  const ffmpeg = findExecutable('ffmpeg', process.env.PATH ?? '') ?? 'ffmpeg'
  const { audio } = await probeSource(ffmpeg, { path, format }, signal)
  const options = { maxDurationS: 3600, signal, onProgress: () => undefined }
  return analyseSource(ffmpeg, { path, format }, audio, options)
}
