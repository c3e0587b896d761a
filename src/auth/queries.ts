import { and, eq, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../platform/db.ts'
import { accounts, refreshFamilies } from './schema.ts'

export type AccountRow = typeof accounts.$inferSelect
export type FamilyRow = typeof refreshFamilies.$inferSelect

/** The key of the account with this id, as a subquery for inserts and conditions. */
export function accountPkQuery(accountId: string): SQL<number> {
  return sql<number>`(select ${accounts.pk} from ${accounts} where ${accounts.id} = ${accountId})`
}

export async function findAccountByEmailKey(db: Db, emailKey: string): Promise<AccountRow | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.emailKey, emailKey))
  return row ?? null
}

export async function findAccount(db: Db, accountId: string): Promise<AccountRow | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.id, accountId))
  return row ?? null
}

export function insertAccount(
  db: Db,
  account: Pick<AccountRow, 'id' | 'email' | 'emailKey' | 'displayName' | 'passwordHash'>,
  nowMs: number,
) {
  return db
    .insert(accounts)
    .values({ ...account, createdAt: nowMs, updatedAt: nowMs })
    .returning()
}

export async function updateDisplayName(
  db: Db,
  accountId: string,
  displayName: string,
  nowMs: number,
): Promise<AccountRow | null> {
  const [row] = await db
    .update(accounts)
    .set({ displayName, updatedAt: nowMs })
    .where(and(eq(accounts.id, accountId), isNull(accounts.suspendedAt)))
    .returning()
  return row ?? null
}

/** Replaces a password hash unless it has changed meanwhile. */
export async function replacePasswordHash(
  db: Db,
  account: Pick<AccountRow, 'pk' | 'passwordHash'>,
  passwordHash: string,
  nowMs: number,
): Promise<void> {
  await db
    .update(accounts)
    .set({ passwordHash, updatedAt: nowMs })
    .where(and(eq(accounts.pk, account.pk), eq(accounts.passwordHash, account.passwordHash)))
}

export async function selectSuspended(db: Db): Promise<string[]> {
  const rows = await db.select({ id: accounts.id }).from(accounts).where(isNotNull(accounts.suspendedAt))
  return rows.map((row) => row.id)
}

export function insertFamily(
  db: Db,
  accountId: string,
  family: Pick<FamilyRow, 'id' | 'tokenHash' | 'expiresAt'>,
  nowMs: number,
) {
  return db.insert(refreshFamilies).values({
    ...family,
    accountPk: accountPkQuery(accountId),
    generation: 1,
    rotatedAt: nowMs,
    createdAt: nowMs,
  })
}

export async function findFamily(
  db: Db,
  familyId: string,
): Promise<{ family: FamilyRow; account: AccountRow } | null> {
  const [row] = await db
    .select({ family: refreshFamilies, account: accounts })
    .from(refreshFamilies)
    .innerJoin(accounts, eq(accounts.pk, refreshFamilies.accountPk))
    .where(eq(refreshFamilies.id, familyId))
  return row ?? null
}

/**
 * Makes the next generation of a family the newest.
 * @returns false where another request has changed the family since it was read
 */
export async function advanceFamily(
  db: Db,
  family: Pick<FamilyRow, 'pk' | 'generation'>,
  next: Pick<FamilyRow, 'tokenHash' | 'expiresAt'>,
  nowMs: number,
): Promise<boolean> {
  const rows = await db
    .update(refreshFamilies)
    .set({ ...next, generation: family.generation + 1, rotatedAt: nowMs })
    .where(
      and(
        eq(refreshFamilies.pk, family.pk),
        eq(refreshFamilies.generation, family.generation),
        isNull(refreshFamilies.revokedAt),
      ),
    )
    .returning({ pk: refreshFamilies.pk })
  return rows.length === 1
}

export async function markRevoked(db: Db, familyId: string, nowMs: number): Promise<void> {
  await db
    .update(refreshFamilies)
    .set({ revokedAt: nowMs })
    .where(and(eq(refreshFamilies.id, familyId), isNull(refreshFamilies.revokedAt)))
}

export async function deleteExpiredFamilies(db: Db, nowMs: number): Promise<void> {
  await db.delete(refreshFamilies).where(lt(refreshFamilies.expiresAt, nowMs))
}
