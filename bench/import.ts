import { copyFileSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Service } from '../scripts/local/service.ts'
import type { BenchContext } from './support/bench.ts'
import { type Figure, told } from './support/figures.ts'
import { cutMusic, makeMusic } from './support/music.ts'
import { recordJob } from './support/record-job.ts'
import type { Command } from './support/recorder.ts'
import { processorLimit, replay } from './support/replay.ts'
import { runScript } from './support/scripts.ts'
import { startSegue } from './support/segue.ts'

const TRACKS = 100
const TRACK_SECONDS = 12
/** From the beginning of one track to that of the next in the music that they are cut from. */
const STEP_SECONDS = 1.5

/** A folder of short tracks by `segue import`, until all of them are ready; then the same commands without a service. */
export async function importFolder(context: BenchContext): Promise<Figure[]> {
  const { note, folder } = context
  note(`making ${TRACKS} tracks`)
  const files = await makeTracks(folder)
  const commands = await recordJob(context, firstOf(files, folder))
  note('starting the service')
  const service = await startSegue(context)
  const segueSeconds = await timeImport(context, service, join(folder, 'tracks'))
  await service.stop()
  note('running the same commands bare')
  const bareSeconds = await timeReplays(commands, files, folder)
  return [
    told(`import of ${TRACKS} tracks of ${TRACK_SECONDS} s`, segueSeconds, 's'),
    told('tracks a minute', (TRACKS / segueSeconds) * 60, 'tracks/min'),
    told('the same commands, bare', bareSeconds, 's'),
    told('import to bare commands', segueSeconds / bareSeconds, 'ratio'),
  ]
}

async function makeTracks(folder: string): Promise<string[]> {
  const music = join(folder, 'music.flac')
  await makeMusic(music, TRACK_SECONDS + TRACKS * STEP_SECONDS)
  mkdirSync(join(folder, 'tracks'))
  const files: string[] = []
  for (let number = 0; number < TRACKS; number++) {
    const file = join(folder, 'tracks', `${String(number).padStart(3, '0')}.flac`)
    await cutMusic(music, { fromSeconds: number * STEP_SECONDS, seconds: TRACK_SECONDS }, file)
    files.push(file)
  }
  return files
}

function firstOf([first]: string[], folder: string): string {
  if (!first) throw new Error('there are no tracks')
  const copy = join(folder, 'recorded.flac')
  copyFileSync(first, copy)
  return copy
}

async function timeImport({ folder, note }: BenchContext, service: Service, tracks: string): Promise<number> {
  const env = { SEGUE_CONFIG: join(folder, 'config'), SEGUE_PASSWORD: service.admin.password }
  await runScript('sdk/cli/segue.ts', ['login', '--server', service.url, '--email', service.admin.email], env)
  note('importing')
  const startedAt = performance.now()
  await runScript('sdk/cli/segue.ts', ['import', tracks, '--json'], env)
  return (performance.now() - startedAt) / 1000
}

/** As many tracks at a time as the transcoder has slots, as many programs as there are processors. */
async function timeReplays(commands: readonly Command[], files: string[], folder: string): Promise<number> {
  const processors = availableParallelism()
  const limit = processorLimit(processors)
  const waiting = files.map((file, index) => {
    const work = join(folder, `replay-${index}`)
    mkdirSync(work)
    copyFileSync(file, join(work, 'source'))
    return work
  })
  const startedAt = performance.now()
  const slot = async () => {
    for (let work = waiting.shift(); work; work = waiting.shift()) await replay(commands, work, limit)
  }
  await Promise.all(Array.from({ length: processors + 1 }, slot))
  return (performance.now() - startedAt) / 1000
}
