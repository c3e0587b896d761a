/** A step of an object's SQLite schema. Steps are only ever appended, and an id is never used for another step. */
export type StorageMigration = { id: string; sql: string }

/**
 * Brings an object's storage up to date in one transaction.
 * @throws Error where the steps taken so far are not the first ones of `migrations`
 */
export function migrateStorage(storage: DurableObjectStorage, migrations: readonly StorageMigration[]): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      'create table if not exists storage_migrations (position integer primary key, id text not null)',
    )
    const taken = storage.sql
      .exec<{ id: string }>('select id from storage_migrations order by position')
      .toArray()
    for (const [position, { id }] of taken.entries()) {
      if (migrations[position]?.id !== id)
        throw new Error(`storage migration ${position} is not ${id} any more`)
    }
    for (const [index, { id, sql }] of migrations.slice(taken.length).entries()) {
      storage.sql.exec(sql)
      storage.sql.exec(
        'insert into storage_migrations (position, id) values (?, ?)',
        taken.length + index,
        id,
      )
    }
  })
}

/** True where the object has been given storage: objects come into being by being asked, also for names nobody made. */
export function hasStorage(storage: DurableObjectStorage): boolean {
  return (
    storage.sql.exec("select 1 from sqlite_master where name = 'storage_migrations'").toArray().length > 0
  )
}
