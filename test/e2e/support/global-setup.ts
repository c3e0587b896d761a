import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { freePort, startService } from '../../../scripts/local/service.ts'

declare module 'vitest' {
  interface ProvidedContext {
    service: { url: string; admin: { email: string; password: string } }
  }
}

/** One service for all end-to-end tests, except those that kill theirs. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const stateDir = await mkdtemp(join(tmpdir(), 'segue-e2e-'))
  const lines: string[] = []
  const service = await startService({
    stateDir,
    port: await freePort(),
    adminEmail: 'admin@segue.test',
    settings: { LOG_LEVEL: 'warn', SIGNUPS_PER_HOUR: '1000' },
    sweepEveryMs: 2_000,
    onLine: (program, line) => {
      if (/"level":"(warn|error)"|ERROR/.test(line)) lines.push(`[${program}] ${line}`)
    },
  }).catch((error) => {
    console.error(lines.join('\n'))
    throw error
  })
  project.provide('service', { url: service.url, admin: service.admin })
  return async () => {
    await service.stop()
    await rm(stateDir, { recursive: true, force: true })
    if (process.env.SEGUE_TEST_LOG) console.log(lines.join('\n'))
  }
}
