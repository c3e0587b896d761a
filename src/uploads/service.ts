import { z } from '@hono/zod-openapi'
import type { Db } from '../platform/db.ts'
import { ProblemError } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { decodeCursor, toPage } from '../platform/pagination.ts'
import { objectOf } from '../platform/placement.ts'
import { CHUNK_BYTES } from './limits.ts'
import {
  APPEND_HEADER,
  type Append,
  type UploadAnswer,
  type UploadView,
  uploadAnswerSchema,
} from './protocol.ts'
import { findOwnUpload, insertUpload, listOwnUploads, type ShownUpload } from './queries.ts'
import { expiryAfter } from './state.ts'
import type { Upload } from './upload-binding.ts'

/** What resumable uploads need: the database and the namespace of the Upload objects. */
export type UploadsDeps = { db: Db; objects: DurableObjectNamespace<Upload> }

export type NewResumable = { ownerAccountId: string; fileName: string; length: number; metadata: string }

/** Makes an upload that waits for its bytes. An upload of no bytes is complete at once. */
export async function createUpload({ db, objects }: UploadsDeps, upload: NewResumable): Promise<UploadView> {
  const uploadId = newId('upload')
  const nowMs = Date.now()
  await insertUpload(db, { ...upload, id: uploadId, createdAt: nowMs, expiresAt: expiryAfter(nowMs) })
  return opened(await objectOf(objects, uploadId).create({ ...upload, uploadId }))
}

/**
 * Appends a body to an upload.
 * @throws ProblemError `not_found`, `gone`, `offset_mismatch`, `payload_too_large`, `upload_locked`,
 * `checksum_mismatch`, `unavailable` (the body stopped arriving)
 */
export async function appendToUpload(
  deps: UploadsDeps,
  uploadId: string,
  append: Append,
  body: ReadableStream | null,
): Promise<UploadView> {
  const response = await objectOf(deps.objects, uploadId).fetch('https://upload.internal/', {
    method: 'PATCH',
    headers: { [APPEND_HEADER]: JSON.stringify(append) },
    body,
  })
  return settled(deps.db, uploadId, append.accountId, uploadAnswerSchema.parse(await response.json()))
}

/**
 * How far an upload has come; also of one whose object has gone because all was done long ago.
 * @throws ProblemError `not_found`, `gone` where it failed or expired
 */
export async function describeUpload(
  deps: UploadsDeps,
  uploadId: string,
  accountId: string,
): Promise<UploadView> {
  const answer = await objectOf(deps.objects, uploadId).describe(accountId)
  if (answer.ok) return answer.upload
  const row = await findOwnUpload(deps.db, accountId, uploadId)
  if (row?.state !== 'hashing' && row?.state !== 'done') return settled(deps.db, uploadId, accountId, answer)
  const { length, expiresAt } = row
  return { uploadId, length, offset: length, metadata: '', expiresAt, isComplete: true }
}

/** @throws ProblemError `not_found`, `gone`, `conflict` where the upload is complete */
export async function terminateUpload(deps: UploadsDeps, uploadId: string, accountId: string): Promise<void> {
  await settled(deps.db, uploadId, accountId, await objectOf(deps.objects, uploadId).terminate(accountId))
}

/** An upload with the offset of the moment. @throws ProblemError `not_found` */
export async function getUpload(
  deps: UploadsDeps,
  uploadId: string,
  accountId: string,
): Promise<ShownUpload & { offset: number }> {
  const row = await findOwnUpload(deps.db, accountId, uploadId)
  if (!row) throw new ProblemError('not_found', 'No upload of this account has this id.')
  if (row.state === 'hashing' || row.state === 'done') return { ...row, offset: row.length }
  const answer = await objectOf(deps.objects, uploadId).describe(accountId)
  if (!answer.ok) return { ...row, offset: 0 }
  return { ...row, offset: answer.upload.offset, expiresAt: answer.upload.expiresAt }
}

/** The account's uploads, newest first. @throws ProblemError `invalid_cursor` */
export async function listUploads(
  db: Db,
  accountId: string,
  page: { limit: number; cursor?: string | undefined },
) {
  const keyset = decodeCursor(page.cursor, z.tuple([z.literal('uploads'), z.int()]))
  const rows = await listOwnUploads(db, accountId, keyset?.[1] ?? null, page.limit + 1)
  return toPage(rows, page.limit, (row) => ['uploads', row.pk])
}

/** @throws ProblemError by the object's refusal; `gone` for an upload that its owner once had */
async function settled(
  db: Db,
  uploadId: string,
  accountId: string,
  answer: UploadAnswer,
): Promise<UploadView> {
  if (!answer.ok && answer.code === 'not_found' && (await findOwnUpload(db, accountId, uploadId))) {
    throw new ProblemError('gone', 'This upload has ended.')
  }
  return opened(answer)
}

function opened(answer: UploadAnswer): UploadView {
  if (answer.ok) return answer.upload
  const isBusy = answer.code === 'upload_locked' || answer.code === 'unavailable'
  throw new ProblemError(answer.code, answer.detail, isBusy ? { headers: { 'retry-after': '2' } } : {})
}

export const RECOMMENDED_CHUNK = `Send at most ${CHUNK_BYTES} bytes a request (\`chunkSize\` of tus-js-client).`
