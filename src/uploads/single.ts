import { ProblemError } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { drain } from './drain.ts'
import { UPLOAD_FAILURES } from './failures.ts'
import { cleanFileName } from './file-name.ts'
import { type IngestDeps, ingest } from './ingest.ts'
import { MAX_SINGLE_BYTES, RESEND_AFTER_MS } from './limits.ts'
import { originalKey, readerOfBytes } from './originals.ts'
import { deleteUnfinished, insertUpload, markHashing } from './queries.ts'
import { id3v2Bytes, SNIFF_BYTES, sniff } from './sniff.ts'

/** How long a row stays that a cut request has left behind, in milliseconds. */
const CUT_AFTER_MS = 3600 * 1000

/** A whole file as the body of one request. `contentLength` is the header as it was sent. */
export type SingleFile = {
  ownerAccountId: string
  fileName: string
  contentLength: string | undefined
  body: ReadableStream | null
}

/**
 * Stores a file, hashing it on its way, and makes it a track at once.
 * @returns also `sha256`, the content's in hex
 * @throws ProblemError `validation_failed` (no length, no bytes), `payload_too_large`, `unsupported_media`
 */
export async function uploadSingle(
  deps: IngestDeps,
  file: SingleFile,
): Promise<{ uploadId: string; trackId: string; isDuplicate: boolean; sha256: string }> {
  const reader = (file.body ?? new Blob([]).stream()).getReader({ mode: 'byob' })
  const { length, head } = await begin(file.contentLength, reader).catch(async (refusal) => {
    await drain(reader)
    throw refusal
  })
  const uploadId = newId('upload')
  const nowMs = deps.now()
  const upload = {
    id: uploadId,
    ownerAccountId: file.ownerAccountId,
    fileName: cleanFileName(file.fileName),
    length,
  }
  await insertUpload(deps.db, { ...upload, createdAt: nowMs, expiresAt: nowMs + CUT_AFTER_MS })
  const sha256 = await store(deps, uploadId, { head, reader, length })
  const dueAt = deps.now() + RESEND_AFTER_MS
  await markHashing(deps.db, uploadId, dueAt, deps.now())
  const ingested = await ingest(deps, { ...upload, trackId: null, dueAt }, sha256)
  if (ingested.outcome === 'failed')
    throw new ProblemError('unsupported_media', UPLOAD_FAILURES[ingested.code])
  return { uploadId, trackId: ingested.trackId, isDuplicate: ingested.isDuplicate, sha256 }
}

/** The declared length and the first bytes, where they may become a track. */
async function begin(contentLength: string | undefined, reader: ReadableStreamBYOBReader) {
  const length = lengthOf(contentLength)
  const head = await readHead(reader, Math.min(length, SNIFF_BYTES))
  if (!(await mayBeAudio(head))) {
    throw new ProblemError('unsupported_media', UPLOAD_FAILURES.unsupported_format)
  }
  return { length, head }
}

function lengthOf(header: string | undefined): number {
  const invalid = (detail: string) =>
    new ProblemError('validation_failed', detail, { errors: [{ pointer: '/header/content-length', detail }] })
  if (header === undefined || !/^\d{1,15}$/.test(header))
    throw invalid('Send the length of the body: Content-Length.')
  const length = Number(header)
  if (length === 0) throw invalid(UPLOAD_FAILURES.empty_file)
  if (length > MAX_SINGLE_BYTES) {
    throw new ProblemError(
      'payload_too_large',
      `One request takes ${MAX_SINGLE_BYTES} bytes. Larger files go through /v1/uploads (tus 1.0).`,
    )
  }
  return length
}

/** Content behind a tag that is longer than the head is judged when it is stored; everything else now. */
async function mayBeAudio(head: Uint8Array): Promise<boolean> {
  const tagBytes = id3v2Bytes(head)
  const isBehindHead = tagBytes > 0 && tagBytes + SNIFF_BYTES / 2 > head.length
  return isBehindHead || (await sniff(readerOfBytes(head))) !== null
}

async function readHead(reader: ReadableStreamBYOBReader, length: number): Promise<Uint8Array> {
  const head = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { done, value } = await reader.read(new Uint8Array(length - filled))
    if (done) break
    head.set(value, filled)
    filled += value.length
  }
  return head.subarray(0, filled)
}

type Source = { head: Uint8Array; reader: ReadableStreamBYOBReader; length: number }

/** One read, in bytes. The buffer is handed back and forth, so a body of any length is one buffer. */
const READ_BYTES = 256 * 1024

/**
 * Writes the body to R2 and into the digest at one pace. R2 stores nothing of a body that ends too early.
 * @returns SHA-256 in hex
 */
async function store(deps: IngestDeps, uploadId: string, source: Source): Promise<string> {
  const { readable, writable } = new FixedLengthStream(source.length)
  const digest = new crypto.DigestStream('SHA-256')
  digest.digest.catch(() => {})
  const put = deps.bucket.put(originalKey(uploadId), readable)
  put.catch(() => {})
  try {
    await pump(source, [writable.getWriter(), digest.getWriter()])
    await put
  } catch (error) {
    await deps.bucket.delete(originalKey(uploadId))
    await deleteUnfinished(deps.db, uploadId)
    throw error
  }
  return Buffer.from(await digest.digest).toString('hex')
}

async function pump({ head, reader }: Source, writers: WritableStreamDefaultWriter[]): Promise<void> {
  try {
    await Promise.all(writers.map((writer) => writer.write(head)))
    let buffer = new ArrayBuffer(READ_BYTES)
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer)).catch(endedEarly)
      if (done) break
      await Promise.all(writers.map((writer) => writer.write(value)))
      buffer = value.buffer
    }
    await Promise.all(writers.map((writer) => writer.close()))
  } catch (error) {
    await Promise.allSettled(writers.map((writer) => writer.abort(error)))
    throw error
  }
}

function endedEarly(cause: unknown): never {
  throw new ProblemError('validation_failed', 'The body ended before its declared length.', { cause })
}
