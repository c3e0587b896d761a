import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Domain events, written in the batch of the change that they tell of. */
export const outbox = sqliteTable(
  'outbox',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    type: text().notNull(),
    payload: text().notNull(),
    createdAt: integer().notNull(),
    /** When it was handed to the queue; null until then. */
    sentAt: integer(),
  },
  (table) => [
    index('outbox_unsent').on(table.pk).where(sql`sent_at is null`),
    index('outbox_sent').on(table.sentAt, table.pk),
  ],
)

/** Messages that a queue gave up on, kept where an admin sees them. */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    queue: text().notNull(),
    messageId: text().notNull().unique(),
    body: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [index('dead_letters_created').on(table.createdAt, table.pk)],
)

/** Answers of creating requests, so that a repeat with the same Idempotency-Key gets the first answer. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    accountId: text().notNull(),
    key: text().notNull(),
    /** SHA-256 of what the request was, to refuse the key for another one. */
    fingerprint: text().notNull(),
    /** Null while the first request runs. */
    status: integer(),
    headers: text(),
    body: text(),
    createdAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex('idempotency_keys_account_key').on(table.accountId, table.key),
    index('idempotency_keys_created').on(table.createdAt),
  ],
)
