import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { accounts } from '../auth/schema.ts'

export const UPLOAD_STATES = ['uploading', 'hashing', 'done', 'failed'] as const

/** One upload, resumable or in one request. Bytes and offset are kept by its Upload object; this row is what lists and sweeps read. */
export const uploads = sqliteTable(
  'uploads',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    ownerPk: integer()
      .notNull()
      .references(() => accounts.pk),
    fileName: text().notNull(),
    length: integer().notNull(),
    state: text({ enum: UPLOAD_STATES }).notNull(),
    /** The track that it became, or that had the same content already. */
    trackId: text(),
    failureCode: text(),
    failureDetail: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** When an unfinished upload is removed. */
    expiresAt: integer().notNull(),
    /** When the sweep sends a completed but not yet ingested upload again; null where nothing is left to do. */
    dueAt: integer(),
  },
  (table) => [
    index('uploads_owner').on(table.ownerPk, table.pk),
    index('uploads_due').on(table.dueAt).where(sql`due_at is not null`),
    index('uploads_expires').on(table.expiresAt).where(sql`state = 'uploading'`),
  ],
)
