import { join, resolve } from 'node:path'
import { offerDemoAlbum } from './local/demo.ts'
import { startService } from './local/service.ts'

const port = Number(process.env.PORT ?? 8787)
const stateDir = resolve(process.env.SEGUE_STATE ?? join(import.meta.dirname, '..', '.segue'))

const service = await startService({
  stateDir,
  port,
  adminEmail: process.env.SEGUE_ADMIN_EMAIL ?? 'admin@segue.local',
  adminPassword: process.env.SEGUE_ADMIN_PASSWORD,
  settings: { LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' },
  onLine: show,
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await service.stop()
    process.exit(0)
  })
}

console.log(`
Segue is ready.

  Service   ${service.url}
  API docs  ${service.url}/docs
  Admin     ${service.admin.email} / ${service.admin.password}
`)

await offerDemoAlbum(service, stateDir, console.log).catch((error) =>
  console.error(`No demo album: ${error.message}`),
)

/** Shows what the programs log themselves, and errors; wrangler's own chatter holds request URLs. */
function show(program: string, line: string): void {
  const isOwnLine = line.startsWith('{')
  const isNews = program === 'transcoder' ? /"level":"(warn|error)"/.test(line) : isOwnLine
  if (isNews || /\[wrangler:error\]|ERROR/.test(line)) console.log(`[${program}] ${line}`)
}
