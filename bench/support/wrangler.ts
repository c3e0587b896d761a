import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Program, startProgram } from '../../scripts/local/processes.ts'
import { freePort } from '../../scripts/local/service.ts'
import { wranglerEnv } from '../../scripts/local/wrangler-env.ts'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
const READY_TIMEOUT_MS = 60_000

export type BareWorker = { url: string; program: Program }

/** Runs a Worker of bench/workers as the service's own is run locally; resolves when it answers. */
export async function startBareWorker(name: string, stateDir: string): Promise<BareWorker> {
  mkdirSync(stateDir, { recursive: true })
  const port = await freePort()
  const config = join(ROOT, 'bench', 'workers', `${name}.toml`)
  const lines: string[] = []
  const args = [
    'dev',
    '--config',
    config,
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--inspector-port',
    '0',
  ]
  const program = startProgram(
    name,
    process.execPath,
    [WRANGLER, ...args, '--persist-to', stateDir, '--show-interactive-dev-session=false'],
    { cwd: ROOT, env: wranglerEnv(), onLine: (line) => lines.push(line) },
  )
  const url = `http://127.0.0.1:${port}`
  try {
    await untilAnswers(url, program)
  } catch (error) {
    await program.stop()
    throw new Error(`${name} did not start:\n${lines.join('\n')}`, { cause: error })
  }
  return { url, program }
}

async function untilAnswers(url: string, program: Program): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS
  let isEnded = false
  program.exited.finally(() => {
    isEnded = true
  })
  while (Date.now() < until && !isEnded) {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
    await response?.body?.cancel()
    if (response) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(isEnded ? 'it ended' : 'it did not answer in time')
}
