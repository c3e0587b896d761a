import { join, resolve } from 'node:path'
import { startService } from './local/service.ts'

const port = Number(process.env.PORT ?? 8787)
const stateDir = resolve(process.env.SEGUE_STATE ?? join(import.meta.dirname, '..', '.segue'))

const service = await startService({
  stateDir,
  port,
  adminEmail: process.env.SEGUE_ADMIN_EMAIL ?? 'admin@segue.local',
  adminPassword: process.env.SEGUE_ADMIN_PASSWORD,
  onLine: (program, line) => console.log(`[${program}] ${line}`),
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
