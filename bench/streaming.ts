import { join } from 'node:path'
import { measureCold } from './streaming/cold.ts'
import { measureWarm } from './streaming/warm.ts'
import type { BenchContext } from './support/bench.ts'
import type { Figure } from './support/figures.ts'
import { makeMusic } from './support/music.ts'
import { signIn, startSegue } from './support/segue.ts'

const TRACK_SECONDS = 234

/** Ranges of 256 KiB: warm, against a bare Worker and nginx; cold, against a bare bucket. */
export async function streaming(context: BenchContext): Promise<Figure[]> {
  const { note, folder } = context
  note('making music')
  const music = join(folder, 'music.flac')
  await makeMusic(music, TRACK_SECONDS)
  note('starting the service')
  const service = await startSegue(context)
  const segue = await signIn(service)
  const warm = await measureWarm(context, segue, service.programs.worker.pid, music)
  const cold = await measureCold(context, segue, service.url, music)
  return [...warm, ...cold]
}
