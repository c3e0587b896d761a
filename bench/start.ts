import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Program, startProgram } from '../scripts/local/processes.ts'
import { freePort } from '../scripts/local/service.ts'
import { createSegue } from '../sdk/client.ts'
import type { BenchContext } from './support/bench.ts'
import { atMost, type Figure, told } from './support/figures.ts'
import { ROOT } from './support/wrangler.ts'

const GOAL_SECONDS = 180
const TIMEOUT_MS = 10 * 60_000
const POLL_MS = 500
const ADMIN = { email: 'bench@segue.local', password: 'bench-of-the-start' }

/** `npm start` on a fresh clone with a warm npm cache, until the first byte of a track of the demo album comes. */
export async function start(context: BenchContext): Promise<Figure[]> {
  const clone = join(context.folder, 'clone')
  execFileSync('git', ['clone', '--quiet', '--no-local', ROOT, clone], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const port = await freePort()
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1000
  const program = startProgram('npm start', 'npm', ['start'], {
    cwd: clone,
    env: {
      ...withoutPackages(process.env),
      PORT: String(port),
      SEGUE_STATE: join(context.folder, 'state'),
      SEGUE_ADMIN_EMAIL: ADMIN.email,
      SEGUE_ADMIN_PASSWORD: ADMIN.password,
    },
    onLine: context.note,
  })
  context.defer(() => program.stop())
  const baseUrl = `http://127.0.0.1:${port}`
  await untilEnded(program, () => fetch(`${baseUrl}/readyz`).then(({ ok }) => ok))
  const readySeconds = elapsed()
  await untilEnded(program, () => playsSomething(baseUrl))
  const playsSeconds = elapsed()
  return [
    told('npm start to ready', readySeconds, 's'),
    atMost(GOAL_SECONDS, 'npm start to the first byte of the demo album', playsSeconds, 's'),
  ]
}

/** Asks until the answer is yes. An error counts as no. */
async function untilEnded(program: Program, ask: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + TIMEOUT_MS
  let isRunning = true
  program.exited.finally(() => {
    isRunning = false
  })
  while (!(await ask().catch(() => false))) {
    if (!isRunning) throw new Error('npm start ended')
    if (Date.now() > until) throw new Error('it took longer than 10 minutes')
    await sleep(POLL_MS)
  }
}

/** The demo album is all that a fresh service has. */
async function playsSomething(baseUrl: string): Promise<boolean> {
  const segue = createSegue({ baseUrl, retries: 0 })
  await segue.signIn(ADMIN)
  const { items } = await segue.listTracks()
  const ready = items.find(({ status }) => status === 'ready')
  if (!ready) return false
  const { renditions } = await segue.getPlayback({ path: { id: ready.id } })
  const response = await fetch(renditions[0]?.url ?? baseUrl, { headers: { range: 'bytes=0-0' } })
  return response.status === 206 && (await response.arrayBuffer()).byteLength === 1
}

/** What npm and this project's own packages have put into the environment is not a newcomer's. */
function withoutPackages(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (env.PATH ?? '').split(':').filter((folder) => !folder.endsWith('node_modules/.bin'))
  const own = Object.entries(env).filter(([name]) => !/^npm_(lifecycle|package|command|execpath)/.test(name))
  return { ...Object.fromEntries(own), PATH: path.join(':') }
}
