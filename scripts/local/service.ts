import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashPassword } from '../../src/auth/password.ts'
import { accountSql } from '../create-account.ts'
import { type Program, startProgram } from './processes.ts'
import { type DevelopmentSecrets, developmentSecrets } from './secrets.ts'
import { wranglerEnv } from './wrangler-env.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
const READY_TIMEOUT_MS = 120_000

export type ServiceOptions = {
  /** Where local state lies: databases, objects, secrets. */
  stateDir: string
  port: number
  adminEmail: string
  /** Without one, the password made with the secrets. */
  adminPassword?: string | undefined
  /** Further settings of the Worker. */
  settings?: Record<string, string>
  /** Further environment of the transcoder program. */
  transcoderEnv?: Record<string, string>
  onLine?: (program: string, line: string) => void
  /** Ends the start; once it has succeeded, `stop` ends the service. */
  signal?: AbortSignal
  /** How often the sweep runs, which cron does in production. */
  sweepEveryMs?: number
}

export type Service = {
  url: string
  admin: { email: string; password: string }
  programs: { worker: Program; transcoder: Program }
  /** Starts a program again that was stopped or killed. */
  restart: (name: 'worker' | 'transcoder') => Promise<void>
  stop: () => Promise<void>
}

/** Runs the whole service on this machine: local database, Worker and transcoder; resolves when it is ready. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { stateDir, port, signal, onLine = () => {}, sweepEveryMs = 5_000 } = options
  if (!(await isFree(port))) throw new Error(`port ${port} is in use; choose another one by PORT`)
  mkdirSync(stateDir, { recursive: true })
  const secrets = developmentSecrets(stateDir, options.adminPassword)
  const admin = { email: options.adminEmail, password: secrets.adminPassword }
  await prepareDatabase(stateDir, admin, options.adminPassword !== undefined, signal)
  const transcoderPort = await freePort()
  const envFile = writeWorkerEnv(stateDir, port, transcoderPort, secrets, options.settings ?? {})
  const url = `http://127.0.0.1:${port}`
  const start = {
    transcoder: () => startTranscoder(transcoderPort, secrets, options, onLine),
    worker: () => startWorker(stateDir, port, envFile, onLine),
  }
  const programs = { transcoder: start.transcoder(), worker: start.worker() }
  const stop = async () => {
    clearInterval(sweeper)
    await Promise.all([programs.worker.stop(), programs.transcoder.stop()])
  }
  const sweeper = setInterval(() => sweep(url), sweepEveryMs)
  try {
    await untilReady(url, programs, signal)
  } catch (error) {
    await stop()
    throw error
  }
  await sweep(url)
  const restart = async (name: keyof typeof start) => {
    programs[name] = start[name]()
    await untilReady(url, programs)
  }
  return { url, admin, programs, restart, stop }
}

/** Cron does not fire locally; this is the same handler. */
async function sweep(url: string): Promise<void> {
  // While the Worker restarts there is nobody to sweep; the next tick comes.
  await fetch(`${url}/cdn-cgi/local/scheduled`, { signal: AbortSignal.timeout(30_000) }).catch(() => {})
}

/** Applies migrations and makes the first admin, unless this very state has seen both. */
async function prepareDatabase(
  stateDir: string,
  admin: { email: string; password: string },
  isPasswordGiven: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stamp = join(stateDir, 'prepared')
  const migrations = readdirSync(join(ROOT, 'migrations', 'db')).filter((name) => name.endsWith('.sql'))
  const wanted = createHash('sha256')
    .update(JSON.stringify([migrations, admin]))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  await wrangler(['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', stateDir], signal)
  const passwordHash = await hashPassword(admin.password)
  const account = {
    email: admin.email,
    displayName: 'Admin',
    passwordHash,
    role: 'admin',
    tier: 'premium',
  } as const
  const sqlFile = join(stateDir, 'admin.sql')
  writeFileSync(sqlFile, accountSql({ ...account, isPasswordReset: isPasswordGiven }, Date.now()), {
    mode: 0o600,
  })
  await wrangler(['d1', 'execute', 'DB', '--local', '--persist-to', stateDir, '--file', sqlFile], signal)
  writeFileSync(stamp, wanted, { mode: 0o600 })
}

async function wrangler(args: string[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const lines: string[] = []
  const program = startProgram('wrangler', process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: wranglerEnv(),
    onLine: (line) => lines.push(line),
  })
  signal?.addEventListener('abort', program.kill, { once: true })
  if ((await program.exited) !== 0)
    throw new Error(`wrangler ${args.slice(0, 3).join(' ')} failed:\n${lines.join('\n')}`)
}

function writeWorkerEnv(
  stateDir: string,
  port: number,
  transcoderPort: number,
  secrets: DevelopmentSecrets,
  settings: Record<string, string>,
): string {
  const { adminPassword: _, ...workerSecrets } = secrets
  const values = {
    ...workerSecrets,
    TRANSCODER_URL: `http://127.0.0.1:${transcoderPort}`,
    TRANSCODER_CALLBACK_URL: `http://127.0.0.1:${port}`,
    CORS_ORIGINS: '*',
    ...settings,
  }
  const file = join(stateDir, 'worker.env')
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  return file
}

function startWorker(
  stateDir: string,
  port: number,
  envFile: string,
  onLine: (program: string, line: string) => void,
): Program {
  const args = [
    'dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--inspector-port',
    '0',
    '--persist-to',
    stateDir,
  ]
  return startProgram(
    'worker',
    process.execPath,
    [WRANGLER, ...args, '--env-file', envFile, '--show-interactive-dev-session=false'],
    { cwd: ROOT, env: wranglerEnv(), onLine: (line) => onLine('worker', line) },
  )
}

function startTranscoder(
  port: number,
  secrets: DevelopmentSecrets,
  options: ServiceOptions,
  onLine: (program: string, line: string) => void,
): Program {
  return startProgram('transcoder', process.execPath, [join(ROOT, 'workers', 'transcoder', 'server.ts')], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: String(port),
      HOST: '127.0.0.1',
      TRANSCODER_SECRET: secrets.TRANSCODER_SECRET,
      WORK_DIR: join(options.stateDir, 'transcoder'),
      ...options.transcoderEnv,
    },
    onLine: (line) => onLine('transcoder', line),
  })
}

async function untilReady(url: string, programs: Service['programs'], signal?: AbortSignal): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS
  let ended: string | null = null
  for (const program of Object.values(programs)) {
    program.exited.then(
      (code) => {
        ended = `the ${program.name} ended with code ${code}`
      },
      (error) => {
        ended = `the ${program.name} did not start: ${error}`
      },
    )
  }
  while (Date.now() < until) {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
    if (response?.ok) return
    if (ended) throw new Error(ended)
    signal?.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${url} was not ready within ${READY_TIMEOUT_MS / 1000} s`)
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
