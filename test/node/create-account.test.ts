import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { accountSql, type NewAccount } from '../../scripts/create-account.ts'

const MIGRATIONS = new URL('../../migrations/db/', import.meta.url)

function migrated(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  for (const file of readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .sort()) {
    db.exec(readFileSync(new URL(file, MIGRATIONS), 'utf8'))
  }
  return db
}

const ada: NewAccount = { email: 'Ada@Example.com', displayName: 'Ada', passwordHash: 'first' }

const accountsOf = (db: DatabaseSync) => db.prepare('select * from accounts').all()

describe('the SQL of an account', () => {
  it('creates one, which a second run leaves as it is', () => {
    const db = migrated()
    db.exec(accountSql({ ...ada, role: 'admin' }, 1000))
    const [first] = accountsOf(db)
    expect(first).toMatchObject({
      email: 'Ada@Example.com',
      email_key: 'ada@example.com',
      display_name: 'Ada',
      role: 'admin',
      tier: 'free',
      password_hash: 'first',
      suspended_at: null,
      created_at: 1000,
    })
    db.exec(accountSql({ ...ada, role: 'admin', email: 'ADA@example.com', passwordHash: 'second' }, 2000))
    expect(accountsOf(db)).toEqual([{ ...first, updated_at: 2000 }])
  })

  it('changes only the role or tier that it is given', () => {
    const db = migrated()
    db.exec(accountSql({ ...ada, role: 'artist', tier: 'family' }, 1000))
    db.exec(accountSql(ada, 2000))
    expect(accountsOf(db)).toMatchObject([{ role: 'artist', tier: 'family' }])
    db.exec(accountSql({ ...ada, tier: 'premium' }, 3000))
    expect(accountsOf(db)).toMatchObject([{ role: 'artist', tier: 'premium' }])
  })

  it('resets a password where that is asked, and ends the sign-ins of that account', () => {
    const db = migrated()
    db.exec(accountSql(ada, 1000))
    db.exec(accountSql({ ...ada, email: 'bob@example.com' }, 1000))
    db.exec(`insert into refresh_families
      (id, account_pk, generation, token_hash, rotated_at, created_at, expires_at)
      select 'of ' || email_key, pk, 1, '', 1000, 1000, 9000 from accounts`)
    db.exec(accountSql({ ...ada, passwordHash: 'second', isPasswordReset: true }, 2000))
    const hashes = db.prepare('select email_key, password_hash from accounts order by email_key').all()
    expect(hashes.map((row) => row.password_hash)).toEqual(['second', 'first'])
    const families = db.prepare('select id, revoked_at from refresh_families order by id').all()
    expect(families.map((row) => row.revoked_at)).toEqual([2000, null])
  })

  it('keeps text as text', () => {
    const db = migrated()
    const displayName = `'); DROP TABLE accounts; -- "\\' 🎧`
    db.exec(accountSql({ ...ada, email: "o'brien@example.com", displayName, isPasswordReset: true }, 1000))
    expect(accountsOf(db)).toMatchObject([{ email: "o'brien@example.com", display_name: displayName }])
  })
})
