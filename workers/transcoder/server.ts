import { readConfig } from './config.ts'
import { findExecutable, findFfmpeg } from './ffmpeg.ts'
import { log } from './log.ts'
import { startTranscoder } from './transcoder.ts'

const config = readConfig(process.env)
const ffmpeg = await findFfmpeg(config)
if (!ffmpeg) {
  log('boot', { error: 'no ffmpeg of version 4.1 or later: install one or set FFMPEG_PATH' })
  process.exit(1)
}
const fpcalc = findExecutable(config.fpcalcPath ?? 'fpcalc', config.searchPath)
const transcoder = await startTranscoder(log, config, ffmpeg, fpcalc)
log('boot', {
  url: transcoder.url,
  slots: config.slots,
  ffmpeg: ffmpeg.version,
  missing: ffmpeg.missing,
  fingerprint: fpcalc !== null,
})

let isStopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) return
    isStopping = true
    log('stop', { signal })
    void transcoder.close().finally(() => process.exit(0))
  })
}
