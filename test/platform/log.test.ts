import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/platform/db.ts'
import { errorFields } from '../../src/platform/log.ts'

describe('a log line of an error', () => {
  it('names a failed query without its parameters', async () => {
    const failing = openDb(env.DB).db.run(sql`select * from nowhere where email = ${'ada@segue.test'}`)
    const error = await failing.then(
      () => null,
      (reason) => reason,
    )
    const line = JSON.stringify(errorFields(error))
    expect(line).toContain('nowhere')
    expect(line).toContain('no such table')
    expect(line).not.toContain('ada@segue.test')
  })
})
