import { spawn } from 'node:child_process'
import { createSemaphore, type Semaphore } from '../../workers/transcoder/semaphore.ts'
import type { Command } from './recorder.ts'

const never = new AbortController().signal

/** @param count how many programs may run at a time */
export function processorLimit(count: number): Semaphore {
  return createSemaphore(count)
}

/**
 * Runs the commands of a job again, without the job: as many at a time as the limit lets, each as soon as those have
 * ended that had ended before it began. What they print goes nowhere.
 * @param folder holds the source as `source`, and gets the outputs
 */
export async function replay(commands: readonly Command[], folder: string, limit: Semaphore): Promise<void> {
  const runs: Promise<void>[] = []
  for (const [index, command] of commands.entries()) {
    const awaited = runs.slice(0, index).filter((_, at) => (commands[at]?.endedAt ?? 0) <= command.startedAt)
    runs.push(Promise.all(awaited).then(() => limit(never, () => run(command, folder))))
  }
  await Promise.all(runs)
}

function run({ program, args, exitCode }: Command, folder: string): Promise<void> {
  const child = spawn(
    program,
    args.map((argument) => argument.replace('{folder}', folder)),
    { stdio: ['ignore', 'ignore', 'ignore', 'ignore'] },
  )
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      code === exitCode ? resolve() : reject(new Error(`${program} ended with ${code}: ${args.join(' ')}`)),
    )
  })
}
