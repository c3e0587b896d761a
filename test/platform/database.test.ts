import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { migrationProblems } from '../../scripts/check-migrations.ts'
import { guard, guarded, inJson, isUniqueViolation, openDb } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { decodeCursor, encodeCursor, toPage } from '../../src/platform/pagination.ts'
import { deadLetters } from '../../src/platform/schema.ts'

const primary = () => openDb(env.DB, 'first-primary').db
const letter = (messageId: string) => ({ queue: 'q', messageId, body: '', createdAt: 1 })
const lettersOf = async (messageId: string) =>
  (await env.DB.prepare('select pk from dead_letters where message_id = ?').bind(messageId).all()).results
    .length

describe('a guard in a batch', () => {
  it('that holds lets everything be written', async () => {
    const db = primary()
    await guarded(() => db.batch([guard(db, sql`1 = 1`), db.insert(deadLetters).values(letter('g1'))]))
    expect(await lettersOf('g1')).toBe(1)
  })

  it('that does not hold lets nothing be written, wherever it stands', async () => {
    const db = primary()
    const insert = () => db.insert(deadLetters).values(letter('g2'))
    const refusing = () => guard(db, sql`exists (select 1 from dead_letters where message_id = ${'nobody'})`)
    const failed = { code: 'precondition_failed' }
    await expect(
      guarded(() => db.batch([refusing(), insert()]), 'precondition_failed'),
    ).rejects.toMatchObject(failed)
    await expect(guarded(() => db.batch([insert(), refusing()]))).rejects.toMatchObject({ code: 'conflict' })
    expect(await lettersOf('g2')).toBe(0)
  })

  it('lets other failures through as they are', async () => {
    const db = primary()
    await db.insert(deadLetters).values(letter('g3'))
    const twice = guarded(() => db.batch([guard(db, sql`1`), db.insert(deadLetters).values(letter('g3'))]))
    const error = await twice.catch((caught: unknown) => caught)
    expect(isUniqueViolation(error, 'dead_letters.message_id')).toBe(true)
    expect(isUniqueViolation(error, 'dead_letters.queue')).toBe(false)
    expect(isUniqueViolation(new Error('no'))).toBe(false)
  })
})

describe('a set of values', () => {
  it('of ten thousand goes in as one parameter', async () => {
    const db = primary()
    await db.insert(deadLetters).values(letter('set'))
    const many = Array.from({ length: 10_000 }, (_, n) => `x"'${n}`)
    const found = await db
      .select()
      .from(deadLetters)
      .where(inJson(deadLetters.messageId, [...many, 'set']))
    expect(found).toHaveLength(1)
    expect(await db.select().from(deadLetters).where(inJson(deadLetters.messageId, []))).toEqual([])
  })
})

describe('a cursor', () => {
  it('brings back the keyset that went into it, whatever the letters', () => {
    const keyset = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger()))
    fc.assert(
      fc.property(keyset, (values) => {
        const cursor = encodeCursor(values)
        expect(cursor).toMatch(/^[\w-]*$/)
        expect(decodeCursor(cursor, z.array(z.union([z.string(), z.number()])))).toEqual(
          JSON.parse(JSON.stringify(values)),
        )
      }),
    )
  })

  it('that is garbage is refused as such, never with another error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          decodeCursor(text, z.tuple([z.literal('tracks'), z.int()]))
          throw new Error('it was taken')
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_cursor' })
        }
      }),
    )
  })

  it('comes with a page that has a next one, and only then', () => {
    const rows = [1, 2, 3]
    expect(toPage(rows, 3, (row) => [row])).toEqual({ rows, nextCursor: null })
    expect(toPage(rows, 2, (row) => [row])).toEqual({ rows: [1, 2], nextCursor: encodeCursor([2]) })
    expect(toPage([], 2, () => [1])).toEqual({ rows: [], nextCursor: null })
  })
})

describe('an id', () => {
  it('is unique and sorts by the time it was made', () => {
    const ids = Array.from({ length: 1_000 }, () => newId('track'))
    expect(new Set(ids).size).toBe(1_000)
    expect(ids[0]?.slice(0, 12) ?? '').toBe([...ids].sort()[0]?.slice(0, 12))
  })
})

describe('the rules of migrations', () => {
  it.each([
    ['CREATE TABLE `__new_tracks` (pk integer);', false, /rebuilds/],
    ['drop table tracks;', false, /drops a table/],
    ['DROP\n  TABLE `tracks`;', false, /drops a table/],
    ['... REFERENCES `a`(`pk`) ON DELETE cascade', false, /foreign key/],
    ['... ON  DELETE SET  NULL', true, /foreign key/],
  ])('refuse %s', (text, hasDecision, problem) => {
    expect(migrationProblems('0001_x', text, hasDecision)).toEqual([expect.stringMatching(problem)])
  })

  it.each([
    ['ALTER TABLE `tracks` ADD `mood` text;', false],
    ['DROP TABLE `tracks`;', true],
    ['... ON DELETE no action', false],
    ['DROP INDEX `x`', false],
  ])('take %s', (text, hasDecision) => {
    expect(migrationProblems('0001_x', text, hasDecision)).toEqual([])
  })

  it('hold for the migrations of this service', () => {
    for (const { name, queries } of env.TEST_MIGRATIONS)
      expect(migrationProblems(name, queries.join('\n'), true)).toEqual([])
  })
})

type Counts = Record<string, number>

async function tables(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '_cf_%' and name <> 'd1_migrations'",
  ).all<{ name: string }>()
  return results.map((row) => row.name)
}

async function counts(): Promise<Counts> {
  const entries = (await tables()).map(async (name) => {
    const n = await env.DB.prepare(`select count(*) as n from ${name}`).first<number>('n')
    return [name, n ?? 0] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Puts a row into every table that has none. All keys are 1, so that the rows belong together. */
async function seedEmptyTables(): Promise<void> {
  const before = await counts()
  const inserts: D1PreparedStatement[] = [env.DB.prepare('pragma defer_foreign_keys = on')]
  for (const table of Object.keys(before).filter((name) => before[name] === 0)) {
    const { results } = await env.DB.prepare(`pragma table_info(${table})`).all<{
      name: string
      type: string
    }>()
    const values = results.map(({ name, type }) => (/int|real/i.test(type) ? 1 : `'${table} ${name}'`))
    inserts.push(
      env.DB.prepare(
        `insert into ${table} (${results.map(({ name }) => name).join(', ')}) values (${values.join(', ')})`,
      ),
    )
  }
  await env.DB.batch(inserts)
}

/** Applies migrations one after another to a database with a row in every table. Returns the tables that lost rows. */
async function tablesThatLoseRows(migrations: typeof env.TEST_MIGRATIONS): Promise<string[]> {
  await reset()
  const losing: string[] = []
  for (const count of migrations.keys()) {
    const before = await counts()
    await applyD1Migrations(env.DB, migrations.slice(0, count + 1))
    const after = await counts()
    losing.push(...Object.keys(before).filter((table) => (after[table] ?? 0) < (before[table] ?? 0)))
    await seedEmptyTables()
  }
  expect(Object.values(await counts()).every((n) => n > 0)).toBe(true)
  return losing
}

describe('the migrations', () => {
  it('keep every row of a database that is in use', async () => {
    expect(env.TEST_MIGRATIONS.length).toBeGreaterThan(0)
    expect(await tablesThatLoseRows(env.TEST_MIGRATIONS)).toEqual([])
  })

  it('would be caught if one of them lost rows', async () => {
    const rebuild = { name: '9999_rebuild.sql', queries: ['delete from track_genres where 1'] }
    expect(await tablesThatLoseRows([...env.TEST_MIGRATIONS, rebuild])).toEqual(['track_genres'])
  })
})
