import type { BenchContext } from './bench.ts'
import { type Command, createRecorder } from './recorder.ts'
import { publish, signIn, startSegue } from './segue.ts'

/** What ffmpeg and fpcalc are asked to do for a file, by a service of its own. */
export async function recordJob(context: BenchContext, file: string): Promise<Command[]> {
  context.note('recording the commands of a job')
  const recorder = await createRecorder(context.folder)
  const service = await startSegue(context, { name: 'recorded', transcoderEnv: recorder.transcoderEnv })
  await publish(await signIn(service), file)
  await service.stop()
  return recorder.commands()
}
