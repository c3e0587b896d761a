import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Segue } from '../sdk/client.ts'
import type { BenchContext } from './support/bench.ts'
import { atMost, type Figure, told } from './support/figures.ts'
import { makeMusic, withTitle } from './support/music.ts'
import { recordJob } from './support/record-job.ts'
import type { Command } from './support/recorder.ts'
import { processorLimit, replay } from './support/replay.ts'
import { publish, signIn, startSegue } from './support/segue.ts'
import { alternate, median, medianRatio } from './support/statistics.ts'
import { uploadMemory } from './upload-memory.ts'

const TRACK_SECONDS = 234
const ROUNDS = 5

/** A job from upload to ready against the same commands run bare, and the memory that a large upload takes. */
export async function transcode(context: BenchContext): Promise<Figure[]> {
  const jobs = await measureJobs(context)
  return [...jobs, ...(await uploadMemory(context))]
}

async function measureJobs(context: BenchContext): Promise<Figure[]> {
  const { folder, note } = context
  note('making music')
  const music = join(folder, 'music.flac')
  await makeMusic(music, TRACK_SECONDS, { hasCover: true })
  const commands = await recordJob(context, music)
  note(`a job runs ${commands.length} commands; starting the service`)
  const service = await startSegue(context)
  const segue = await signIn(service)
  const times = await alternate(
    ROUNDS,
    {
      segue: async (round) => timeJob(segue, await withTitle(music, join(folder, `round-${round}.flac`))),
      bare: () => timeReplay(commands, music, folder),
    },
    (round, seconds) => note(`round ${round}: ${JSON.stringify(seconds)} s`),
  )
  await service.stop()
  return [
    told('upload to ready, Segue', median(times.segue), 's'),
    told('the same commands, bare', median(times.bare), 's'),
    atMost(1.15, 'upload to ready to bare commands', medianRatio(times.segue, times.bare), 'ratio'),
  ]
}

async function timeJob(segue: Segue, file: string): Promise<number> {
  const startedAt = performance.now()
  await publish(segue, file)
  return (performance.now() - startedAt) / 1000
}

async function timeReplay(commands: readonly Command[], file: string, folder: string): Promise<number> {
  const work = join(folder, 'replay')
  mkdirSync(work)
  copyFileSync(file, join(work, 'source'))
  const startedAt = performance.now()
  await replay(commands, work, processorLimit(availableParallelism()))
  const seconds = (performance.now() - startedAt) / 1000
  rmSync(work, { recursive: true })
  return seconds
}
