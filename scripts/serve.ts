import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { emailSchema, newPasswordSchema } from '../src/auth/identity.ts'
import { LOG_LEVELS } from '../src/platform/log.ts'
import { offerDemoAlbum } from './local/demo.ts'
import { startService } from './local/service.ts'

const environment = z
  .object({
    PORT: z.coerce.number().int().min(1).max(65_535).default(8787),
    SEGUE_STATE: z
      .string()
      .min(1)
      .default(join(import.meta.dirname, '..', '.segue')),
    SEGUE_ADMIN_EMAIL: emailSchema.default('admin@segue.local'),
    SEGUE_ADMIN_PASSWORD: newPasswordSchema.optional(),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('warn'),
  })
  .safeParse(process.env)
if (!environment.success) {
  for (const { path, message } of environment.error.issues) console.error(`${path.join('.')}: ${message}`)
  process.exit(2)
}
const { PORT, SEGUE_STATE, SEGUE_ADMIN_EMAIL, SEGUE_ADMIN_PASSWORD, LOG_LEVEL } = environment.data
const stateDir = resolve(SEGUE_STATE)

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
// Whoever started this may be killed without a word; what it started shall not outlive it.
const parent = process.ppid
setInterval(() => process.ppid !== parent && stopping.abort(), 500).unref()

const service = await startService({
  stateDir,
  port: PORT,
  adminEmail: SEGUE_ADMIN_EMAIL,
  adminPassword: SEGUE_ADMIN_PASSWORD,
  settings: { LOG_LEVEL },
  onLine: show,
  signal: stopping.signal,
}).catch((error) => {
  if (!stopping.signal.aborted) console.error(`Segue did not start: ${error.message}`)
  process.exit(stopping.signal.aborted ? 0 : 1)
})

const stop = async () => {
  await service.stop()
  process.exit(0)
}
if (stopping.signal.aborted) await stop()
stopping.signal.addEventListener('abort', stop)
keepRunning('worker')
keepRunning('transcoder')

console.log(`
Segue is ready.

  Service   ${service.url}
  API docs  ${service.url}/docs
  Admin     ${service.admin.email} / ${service.admin.password}
`)

await offerDemoAlbum(service, stateDir, console.log).catch((error) =>
  console.error(`No demo album: ${error.message}`),
)

/** Starts a program again that has ended by itself, as the platform would; five times, then all is stopped. */
async function keepRunning(name: 'worker' | 'transcoder'): Promise<void> {
  for (let restarts = 0; restarts < 5; restarts++) {
    await service.programs[name].exited
    if (stopping.signal.aborted) return
    console.error(`The ${name} has ended; starting it again …`)
    await setTimeout(1_000)
    await service.restart(name).catch((error) => console.error(error.message))
  }
  console.error(`The ${name} does not stay up.`)
  await service.stop()
  process.exit(1)
}

/** Shows what the programs log themselves, and errors; wrangler's own chatter holds request URLs. */
function show(program: string, line: string): void {
  const isOwnLine = line.startsWith('{')
  const isNews = program === 'transcoder' ? /"level":"(warn|error)"/.test(line) : isOwnLine
  if (isNews || /\[wrangler:error\]|ERROR/.test(line)) {
    console.log(`[${program}] ${line.replace(/(https?:\/\/[^/\s]+)\S*/g, '$1/…')}`)
  }
}
