import { readConfig } from './config.ts'
import { findExecutable, findFfmpeg } from './ffmpeg.ts'
import { log } from './log.ts'
import { startTranscoder } from './transcoder.ts'

const STOP_TIMEOUT_MS = 5000

// Process 1 of a container gets no default handlers, and must end while it starts, too.
let stop = (): void => process.exit(0)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop())

const config = readConfig(process.env)
const ffmpeg = await findFfmpeg(config)
if (!ffmpeg) {
  log('boot', { error: 'no ffmpeg of version 4.1 or later: install one or set FFMPEG_PATH' })
  process.exit(1)
}
const fpcalc = findExecutable(config.fpcalcPath ?? 'fpcalc', config.searchPath)
const transcoder = await startTranscoder(log, config, ffmpeg, fpcalc)
stop = () => {
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
  void transcoder.close().finally(() => process.exit(0))
}
log('boot', {
  url: transcoder.url,
  slots: config.slots,
  ffmpeg: ffmpeg.version,
  missing: ffmpeg.missing,
  fingerprint: fpcalc !== null,
})
