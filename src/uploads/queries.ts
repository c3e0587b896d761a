import { and, desc, eq, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import { accounts } from '../auth/schema.ts'
import { accountPk } from '../auth/service.ts'
import { type Db, inJson } from '../platform/db.ts'
import { uploads } from './schema.ts'

/** What lists and single reads show of an upload. */
const SHOWN = {
  pk: uploads.pk,
  id: uploads.id,
  fileName: uploads.fileName,
  length: uploads.length,
  state: uploads.state,
  trackId: uploads.trackId,
  failureCode: uploads.failureCode,
  failureDetail: uploads.failureDetail,
  createdAt: uploads.createdAt,
  expiresAt: uploads.expiresAt,
}
export type ShownUpload = Awaited<ReturnType<typeof listOwnUploads>>[number]

function ownerIs(accountId: string) {
  return sql`${uploads.ownerPk} = ${accountPk(accountId)}`
}

export type NewUpload = {
  id: string
  ownerAccountId: string
  fileName: string
  length: number
  createdAt: number
  expiresAt: number
}

export async function insertUpload(db: Db, upload: NewUpload): Promise<void> {
  await db.run(sql`insert into uploads (id, owner_pk, file_name, length, state, created_at, updated_at, expires_at)
    values (${upload.id}, ${accountPk(upload.ownerAccountId)}, ${upload.fileName},
      ${upload.length}, 'uploading', ${upload.createdAt}, ${upload.createdAt}, ${upload.expiresAt})`)
}

export async function findOwnUpload(
  db: Db,
  accountId: string,
  uploadId: string,
): Promise<ShownUpload | null> {
  const [row] = await db
    .select(SHOWN)
    .from(uploads)
    .where(and(eq(uploads.id, uploadId), ownerIs(accountId)))
  return row ?? null
}

/** Newest first, from below `beforePk` on. */
export async function listOwnUploads(db: Db, accountId: string, beforePk: number | null, limit: number) {
  return db
    .select(SHOWN)
    .from(uploads)
    .where(and(ownerIs(accountId), beforePk === null ? undefined : lt(uploads.pk, beforePk)))
    .orderBy(desc(uploads.pk))
    .limit(limit)
}

/** Ends an upload that has not been completed. */
export async function failUnfinished(
  db: Db,
  uploadId: string,
  failure: { code: string; detail: string },
  nowMs: number,
): Promise<void> {
  await db
    .update(uploads)
    .set({ state: 'failed', failureCode: failure.code, failureDetail: failure.detail, updatedAt: nowMs })
    .where(and(eq(uploads.id, uploadId), eq(uploads.state, 'uploading')))
}

/** Deletes an upload that has not been completed. */
export async function deleteUnfinished(db: Db, uploadId: string): Promise<void> {
  await db.delete(uploads).where(and(eq(uploads.id, uploadId), eq(uploads.state, 'uploading')))
}

/** What ingesting needs of an upload that is complete; null for any other. */
export async function findHashing(db: Db, uploadId: string) {
  const [row] = await db
    .select({
      id: uploads.id,
      ownerAccountId: accounts.id,
      fileName: uploads.fileName,
      length: uploads.length,
      trackId: uploads.trackId,
      dueAt: uploads.dueAt,
    })
    .from(uploads)
    .innerJoin(accounts, eq(accounts.pk, uploads.ownerPk))
    .where(and(eq(uploads.id, uploadId), eq(uploads.state, 'hashing')))
  return row ?? null
}
export type HashingUpload = NonNullable<Awaited<ReturnType<typeof findHashing>>>

/** Moves an upload from `uploading` to `hashing`; nothing happens to one that has gone on already. */
export async function markHashing(db: Db, uploadId: string, dueAt: number, nowMs: number): Promise<void> {
  await db
    .update(uploads)
    .set({ state: 'hashing', dueAt, updatedAt: nowMs })
    .where(and(eq(uploads.id, uploadId), eq(uploads.state, 'uploading')))
}

/** Notes which track the content is, before the copy is deleted that is not needed. */
export async function noteTrack(db: Db, uploadId: string, trackId: string, nowMs: number): Promise<void> {
  await db.update(uploads).set({ trackId, updatedAt: nowMs }).where(stillOpen(uploadId))
}

export async function markDone(db: Db, uploadId: string, trackId: string, nowMs: number): Promise<void> {
  await db
    .update(uploads)
    .set({ state: 'done', trackId, dueAt: null, updatedAt: nowMs })
    .where(stillOpen(uploadId))
}

export async function markFailed(
  db: Db,
  uploadId: string,
  failure: { code: string; detail: string },
  nowMs: number,
): Promise<void> {
  await db
    .update(uploads)
    .set({
      state: 'failed',
      failureCode: failure.code,
      failureDetail: failure.detail,
      dueAt: null,
      updatedAt: nowMs,
    })
    .where(stillOpen(uploadId))
}

function stillOpen(uploadId: string) {
  return and(eq(uploads.id, uploadId), inArray(uploads.state, ['uploading', 'hashing']))
}

/** Gives completed uploads whose `dueAt` has passed a new one, and returns them. */
export async function renewDue(db: Db, limit: number, nowMs: number, dueAt: number): Promise<string[]> {
  const due = await db
    .select({ pk: uploads.pk, id: uploads.id })
    .from(uploads)
    .where(and(isNotNull(uploads.dueAt), lt(uploads.dueAt, nowMs)))
    .orderBy(uploads.dueAt)
    .limit(limit)
  if (due.length === 0) return []
  const renewed = await db
    .update(uploads)
    .set({ dueAt })
    .where(
      and(
        inJson(
          sql`${uploads.pk}`,
          due.map((row) => row.pk),
        ),
        eq(uploads.state, 'hashing'),
      ),
    )
    .returning({ id: uploads.id })
  return renewed.map((row) => row.id)
}

/** Unfinished uploads whose row says that they should have expired, longest first. */
export async function listOverdue(db: Db, limit: number, before: number): Promise<string[]> {
  const rows = await db
    .select({ id: uploads.id })
    .from(uploads)
    .where(and(sql`${uploads.state} = 'uploading'`, lt(uploads.expiresAt, before)))
    .orderBy(uploads.expiresAt)
    .limit(limit)
  return rows.map((row) => row.id)
}

export async function postponeExpiry(db: Db, uploadId: string, expiresAt: number): Promise<void> {
  await db.update(uploads).set({ expiresAt }).where(eq(uploads.id, uploadId))
}
