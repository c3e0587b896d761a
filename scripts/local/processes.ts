import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Program = {
  name: string
  /** Resolves with the exit code, or null after a signal. */
  exited: Promise<number | null>
  pid: number
  /** Asks it to end, and makes it end after a grace period. */
  stop: () => Promise<void>
  /** Ends it at once, with all its children. */
  kill: () => Promise<void>
}

const GRACE_MS = 5_000

/** Starts a program in a process group of its own; each line that it writes goes to `onLine`. */
export function startProgram(
  name: string,
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onLine: (line: string) => void },
): Program {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', options.onLine)
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
  exited.catch(() => {})
  return {
    name,
    exited,
    pid: child.pid ?? 0,
    stop: async () => {
      signalGroup(child, 'SIGTERM')
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS)
      await exited.catch(() => {})
      clearTimeout(timer)
      signalGroup(child, 'SIGKILL')
    },
    kill: async () => {
      signalGroup(child, 'SIGKILL')
      await exited.catch(() => {})
    },
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    // The group has ended already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
