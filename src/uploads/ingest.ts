import { createTrackFromFile } from '../catalog/ingest.ts'
import type { Db } from '../platform/db.ts'
import { log } from '../platform/log.ts'
import type { TranscodeMessage } from '../transcoding/job.ts'
import type { SourceFormat } from '../transcoding/protocol.ts'
import { failureOf, type UploadFailureCode } from './failures.ts'
import { hashStored } from './hash.ts'
import type { IngestMessage } from './job.ts'
import { originalKey, readerOf } from './originals.ts'
import { findHashing, type HashingUpload, markDone, markFailed, noteTrack } from './queries.ts'
import { readTags } from './read-tags.ts'
import { sniff } from './sniff.ts'
import { cleanTags } from './tags.ts'

/** `now` gives epoch milliseconds. */
export type IngestDeps = { db: Db; bucket: R2Bucket; jobs: Queue; now: () => number }

/** What came of a completed upload. */
export type Ingested =
  | { outcome: 'done'; trackId: string; isDuplicate: boolean }
  | { outcome: 'failed'; code: UploadFailureCode }

/**
 * Makes a completed upload a track. Doing it again, also after a crash at any point, ends in the same.
 * @returns null where the message has been replaced or nothing is left to do
 */
export async function ingestUpload(deps: IngestDeps, message: IngestMessage): Promise<Ingested | null> {
  const upload = await findHashing(deps.db, message.uploadId)
  if (!upload || upload.dueAt !== message.ticket) return null
  return ingest(deps, upload)
}

/** @param knownHash SHA-256 of the content in hex, where it was computed on the way in */
export async function ingest(deps: IngestDeps, upload: HashingUpload, knownHash?: string): Promise<Ingested> {
  // An earlier attempt got as far as dropping the copy.
  if (upload.trackId !== null) return finishDuplicate(deps, upload.id, upload.trackId)
  const stored = await examine(deps.bucket, originalKey(upload.id), knownHash)
  if ('failure' in stored) return fail(deps, upload.id, stored.failure)
  const { trackId, sourceKey, ticket } = await createTrackFromFile(
    deps.db,
    {
      ...stored,
      ownerAccountId: upload.ownerAccountId,
      fileName: upload.fileName,
      tags: await tagsOf(deps, upload, stored),
    },
    deps.now(),
  )
  if (sourceKey !== stored.sourceKey) {
    await noteTrack(deps.db, upload.id, trackId, deps.now())
    return finishDuplicate(deps, upload.id, trackId)
  }
  await deps.jobs.send({ kind: 'transcode', trackId, ticket } satisfies TranscodeMessage)
  await markDone(deps.db, upload.id, trackId, deps.now())
  log('info', 'upload_ingested', {
    uploadId: upload.id,
    trackId,
    format: stored.sourceFormat,
    bytes: stored.sourceBytes,
  })
  return { outcome: 'done', trackId, isDuplicate: false }
}

type Stored = { sourceKey: string; sourceBytes: number; sourceFormat: SourceFormat; sourceHash: string }

/** What the stored content is, or why it can be no track. */
async function examine(
  bucket: R2Bucket,
  sourceKey: string,
  knownHash?: string,
): Promise<Stored | { failure: UploadFailureCode }> {
  const head = await bucket.head(sourceKey)
  if (!head) return { failure: 'source_missing' }
  if (head.size === 0) return { failure: 'empty_file' }
  const sourceFormat = await sniff(readerOf(bucket, sourceKey, head.size))
  if (!sourceFormat) return { failure: 'unsupported_format' }
  const sourceHash = knownHash ?? (await hashStored(bucket, sourceKey, head.size))
  return sourceHash
    ? { sourceKey, sourceBytes: head.size, sourceFormat, sourceHash }
    : { failure: 'source_missing' }
}

async function tagsOf(deps: IngestDeps, upload: HashingUpload, stored: Stored) {
  const readAt = readerOf(deps.bucket, stored.sourceKey, stored.sourceBytes)
  return cleanTags(await readTags(readAt, stored.sourceBytes, stored.sourceFormat), upload.fileName)
}

async function finishDuplicate(deps: IngestDeps, uploadId: string, trackId: string): Promise<Ingested> {
  await deps.bucket.delete(originalKey(uploadId))
  await markDone(deps.db, uploadId, trackId, deps.now())
  log('info', 'upload_duplicate', { uploadId, trackId })
  return { outcome: 'done', trackId, isDuplicate: true }
}

async function fail(deps: IngestDeps, uploadId: string, code: UploadFailureCode): Promise<Ingested> {
  await deps.bucket.delete(originalKey(uploadId))
  await markFailed(deps.db, uploadId, failureOf(code), deps.now())
  log('info', 'upload_failed', { uploadId, code })
  return { outcome: 'failed', code }
}
