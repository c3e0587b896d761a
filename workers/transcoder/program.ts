import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { JobFailure } from './failure.ts'
import { createLineKeeper, createLineReader } from './stderr-lines.ts'

/**
 * Lines of ffmpeg that are worth keeping: complaints, streams, and the measured range and peak. The rest is mostly a
 * source's tags, whose lyrics alone would fill any bound.
 */
const TELLING = /\[(warning|error|fatal|panic)\]|Stream #\d+:\d+|^\s+(LRA|Peak):/

export type ProgramResult = { exitCode: number; stderr: string[] }

type Options = {
  signal: AbortSignal
  onStdout?: (chunk: Buffer) => void
  /** What the program writes to file descriptor 3. */
  onPipe3?: (chunk: Buffer) => void
}

/** Nothing of this process's environment reaches a program that reads hostile files. */
const MINIMAL_ENVIRONMENT = { LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' }

/**
 * Runs a program to its end and kills it when the signal aborts.
 * @returns its exit code, and the first and last telling lines of what it said.
 * @throws JobFailure (retryable) when it cannot start or is killed by somebody else; the signal's reason when aborted.
 */
export async function runProgram(path: string, args: string[], options: Options): Promise<ProgramResult> {
  options.signal.throwIfAborted()
  const child = spawn(path, args, {
    env: MINIMAL_ENVIRONMENT,
    stdio: ['ignore', options.onStdout ? 'pipe' : 'ignore', 'pipe', options.onPipe3 ? 'pipe' : 'ignore'],
  })
  const kill = () => child.kill('SIGKILL')
  options.signal.addEventListener('abort', kill, { once: true })
  try {
    const stderr = listen(child, options)
    const { exitCode, killedBy } = await ending(child, path)
    options.signal.throwIfAborted()
    if (exitCode === null) throw transcoderError(`${basename(path)} was killed (${killedBy}).`)
    return { exitCode, stderr: stderr() }
  } finally {
    options.signal.removeEventListener('abort', kill)
  }
}

function listen(child: ChildProcess, { onStdout, onPipe3 }: Options): () => string[] {
  const keeper = createLineKeeper()
  const reader = createLineReader((line) => {
    if (TELLING.test(line)) keeper.add(line)
  })
  child.stderr?.on('data', reader.push)
  if (onStdout) child.stdout?.on('data', onStdout)
  const pipe3 = child.stdio[3]
  if (onPipe3 && pipe3 instanceof Readable) pipe3.on('data', onPipe3)
  return () => {
    reader.end()
    return keeper.lines()
  }
}

function ending(child: ChildProcess, path: string) {
  return new Promise<{ exitCode: number | null; killedBy: string | null }>((resolve, reject) => {
    child.once('error', () => reject(transcoderError(`${basename(path)} could not be started.`)))
    child.once('close', (exitCode, killedBy) => resolve({ exitCode, killedBy }))
  })
}

function transcoderError(detail: string) {
  return new JobFailure('transcoder_error', detail, true)
}
