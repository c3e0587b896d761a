import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { ROLES, TIERS } from '../platform/tokens.ts'

export const accounts = sqliteTable(
  'accounts',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    /** As its owner writes it; mail goes here. */
    email: text().notNull(),
    /** Folded for comparison. */
    emailKey: text().notNull().unique(),
    displayName: text().notNull(),
    role: text({ enum: ROLES }).notNull().default('listener'),
    tier: text({ enum: TIERS }).notNull().default('free'),
    /** scrypt with its parameters, in PHC string form. */
    passwordHash: text().notNull(),
    suspendedAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [index('accounts_suspended').on(table.pk).where(sql`suspended_at is not null`)],
)

/** One sign-in: the chain of refresh tokens that follow from it, of which only the newest is good. */
export const refreshFamilies = sqliteTable(
  'refresh_families',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    accountPk: integer()
      .notNull()
      .references(() => accounts.pk),
    /** Number of the newest token of the chain, from 1. */
    generation: integer().notNull(),
    /** SHA-256 of the newest token. */
    tokenHash: text().notNull(),
    /** When the newest token was made: its forerunner stays good for a grace period from here. */
    rotatedAt: integer().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    revokedAt: integer(),
  },
  (table) => [
    index('refresh_families_account').on(table.accountPk, table.pk),
    index('refresh_families_expires').on(table.expiresAt),
  ],
)
