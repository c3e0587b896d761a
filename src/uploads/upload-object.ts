import type { Db } from '../platform/db.ts'
import { log } from '../platform/log.ts'
import { assemble, dropStored, startMultipart, storePart, storeWhole } from './assembly.ts'
import { checksumOf } from './checksum.ts'
import { drain } from './drain.ts'
import { failureOf } from './failures.ts'
import type { IngestMessage } from './job.ts'
import { PART_BYTES, RESEND_AFTER_MS } from './limits.ts'
import type { Append, CreateUpload, Refusal, UploadAnswer } from './protocol.ts'
import { deleteUnfinished, failUnfinished, markHashing } from './queries.ts'
import { receive, refusalOf } from './receive.ts'
import {
  DEAD_AFTER_MS,
  expiryAfter,
  hasStalled,
  isEnding,
  isReceived,
  nextAlarm,
  offsetOf,
  REFUSAL_WORDS,
  refuseAppend,
  type StoredPart,
  type UploadState,
  viewOf,
  type Writer,
} from './state.ts'
import type { UploadStorage } from './upload-storage.ts'

/** `openDb` gives a fresh session; `setAlarm` takes epoch milliseconds. */
export type UploadDeps = {
  storage: UploadStorage
  bucket: R2Bucket
  jobs: Queue
  openDb: () => Db
  setAlarm: (at: number) => Promise<void>
}

type ActiveWriter = Writer & { stop: () => void; done: Promise<unknown> }

const WATCH_EVERY_MS = 1_000

/**
 * One upload: takes its bytes in order from one request at a time and makes them parts in R2. Storage is the
 * truth: what R2 has acknowledged is written there before it is counted, so an object that starts anew anywhere
 * goes on from there.
 */
export class UploadObject {
  readonly #deps: UploadDeps
  #state: UploadState | null
  #writer: ActiveWriter | null = null
  #finishing: Promise<void> | null = null
  #removing: Promise<void> | null = null

  constructor(deps: UploadDeps) {
    this.#deps = deps
    this.#state = deps.storage.load()
  }

  async create(upload: CreateUpload): Promise<UploadAnswer> {
    this.#deps.storage.create(upload, expiryAfter(Date.now()))
    const state = this.#reload()
    await this.#arm(state)
    if (upload.length === 0) {
      this.#count([await storeWhole(this.#deps.bucket, state.uploadId, new Uint8Array())])
      await this.#finish()
    }
    return this.#answer()
  }

  /** The upload as it stands. A sender that has gone silent is ended first, so that all its bytes are counted. */
  async describe(accountId: string): Promise<UploadAnswer> {
    if (this.#state?.ownerAccountId !== accountId) return refuse('not_found')
    if (this.#writer && hasStalled(this.#writer, Date.now())) await this.#stopWriter()
    if (this.#state && isReceived(this.#state)) await this.#finish()
    return this.#answer()
  }

  async append(append: Append, body: ReadableStream<Uint8Array> | null): Promise<UploadAnswer> {
    while (this.#writer) {
      if (!hasStalled(this.#writer, Date.now())) return refuseBody('upload_locked', body)
      await this.#stopWriter()
    }
    const refusal = refuseAppend(this.#state, append)
    if (refusal) return refuseBody(refusal, body)
    const failure = body
      ? await this.#exclusively((writer, stopped) => this.#take(append, body, writer, stopped))
      : null
    if (this.#state && isReceived(this.#state)) await this.#finish()
    return failure ? refuse(failure) : this.#answer()
  }

  async terminate(accountId: string): Promise<UploadAnswer> {
    if (this.#state?.ownerAccountId !== accountId) return refuse('not_found')
    await this.#stopWriters()
    const state = this.#state
    if (!state) return refuse('not_found')
    const isOpen = state.phase === 'receiving' && !isReceived(state)
    if (!isOpen && !isEnding(state)) return refuse('conflict')
    if (isOpen) this.#end('terminating')
    await this.#remove()
    return { ok: true, upload: viewOf(state) }
  }

  /** @returns when the upload expires, or null where there is none any more */
  async expireIfDue(): Promise<number | null> {
    if (this.#state && Date.now() >= this.#state.expiresAt) await this.#stopWriters()
    const state = this.#state
    if (!state) return null
    const { why } = nextAlarm(state, Date.now())
    if (why === 'finish') await this.#finish()
    else if (why === 'remove') await this.#remove()
    else if (Date.now() >= state.expiresAt) await this.#expire(state)
    else await this.#arm(state)
    return this.#state?.expiresAt ?? null
  }

  async #expire(state: UploadState): Promise<void> {
    if (state.phase === 'complete') {
      await this.#forget()
      return
    }
    this.#end('expiring')
    await this.#remove()
    log('info', 'upload_expired', { uploadId: state.uploadId, offset: offsetOf(state), length: state.length })
  }

  /** From here on no bytes are taken. Nothing may be awaited between the look for a writer and this. */
  #end(phase: 'terminating' | 'expiring'): void {
    this.#deps.storage.setPhase(phase)
    this.#reload()
  }

  /** Removes an ending upload everywhere: R2, the row, the object; only one at a time, and once more after a crash. */
  #remove(): Promise<void> {
    this.#removing ??= this.#removeOnce().finally(() => {
      this.#removing = null
    })
    return this.#removing
  }

  async #removeOnce(): Promise<void> {
    const { bucket, openDb } = this.#deps
    const state = this.#current()
    await this.#arm(state)
    await dropStored(bucket, state)
    if (state.phase === 'terminating') await deleteUnfinished(openDb(), state.uploadId)
    else await failUnfinished(openDb(), state.uploadId, failureOf('expired'), Date.now())
    await this.#forget()
  }

  async #forget(): Promise<void> {
    this.#state = null
    await this.#deps.storage.clear()
  }

  /** Ends the writer, and the one that was waiting for its place. */
  async #stopWriters(): Promise<void> {
    while (this.#writer) await this.#stopWriter()
  }

  async #stopWriter(): Promise<void> {
    this.#writer?.stop()
    await this.#writer?.done
  }

  /** Runs `write` as the one writer, and ends it where no byte arrives for too long. */
  async #exclusively<T>(write: (writer: Writer, stopped: Promise<void>) => Promise<T>): Promise<T> {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
    const { promise: done, resolve: finished } = Promise.withResolvers<void>()
    const writer: ActiveWriter = { waitingSince: null, stop, done }
    this.#writer = writer
    const watch = setInterval(() => {
      if (hasStalled(writer, Date.now(), DEAD_AFTER_MS)) stop()
    }, WATCH_EVERY_MS)
    try {
      return await write(writer, stopped)
    } finally {
      clearInterval(watch)
      this.#writer = null
      finished()
    }
  }

  /** @returns why not all of the body was kept, or null */
  async #take(
    append: Append,
    body: ReadableStream<Uint8Array>,
    writer: Writer,
    stopped: Promise<void>,
  ): Promise<Refusal | null> {
    const { storage } = this.#deps
    const { length, tailBytes } = this.#current()
    /** The only copy of bytes that are no part yet. It goes with the request: many objects share one memory. */
    const buffer = new Uint8Array(Math.min(PART_BYTES, length))
    const checksum = append.checksum && checksumOf(append.checksum)
    /** Parts that are in R2 and not counted: all of the request's, until its checksum holds. */
    const staged: StoredPart[] = []
    let hasNewParts = false
    const flush = async (bytes: Uint8Array) => {
      staged.push(await this.#store(bytes, staged.length))
      hasNewParts = true
      if (!checksum) this.#count(staged.splice(0))
    }
    const received = await receive(body, {
      buffer,
      filled: storage.readTail(buffer),
      offset: append.offset,
      length,
      writer,
      stopped,
      flush: () => flush(buffer),
      onBytes: (bytes) => checksum?.update(bytes),
    })
    const { end, filled, offset } = received
    if (end === 'too_long') return 'payload_too_large'
    if (checksum && end !== 'ended') return refusalOf(end)
    if (checksum && !checksum.holds()) return 'checksum_mismatch'
    const isWhole = offset === length
    if (isWhole && filled > 0) await flush(buffer.subarray(0, filled))
    this.#count(staged)
    if (!isWhole && filled > 0)
      storage.writeTail(buffer.subarray(0, filled), hasNewParts ? 0 : tailBytes, expiryAfter(Date.now()))
    await this.#arm(this.#reload())
    return isWhole ? null : refusalOf(end)
  }

  /** Puts bytes into R2 as the part behind those that are counted or staged. */
  async #store(bytes: Uint8Array, stagedParts: number): Promise<StoredPart> {
    const { bucket, storage } = this.#deps
    const state = this.#current()
    if (bytes.length === state.length) return storeWhole(bucket, state.uploadId, bytes)
    if (state.multipartId === null) storage.setMultipart(await startMultipart(bucket, state.uploadId))
    const { multipartId } = this.#reload()
    if (multipartId === null) throw new Error('the multipart upload was not noted')
    return storePart(bucket, state.uploadId, multipartId, state.parts.length + stagedParts + 1, bytes)
  }

  #count(parts: StoredPart[]): void {
    if (parts.length === 0) return
    this.#deps.storage.addParts(parts, expiryAfter(Date.now()))
    this.#reload()
  }

  /** Makes the object in R2 and tells row and queue; only one at a time, and once more after a crash. */
  #finish(): Promise<void> {
    this.#finishing ??= this.#finishOnce().finally(() => {
      this.#finishing = null
    })
    return this.#finishing
  }

  async #finishOnce(): Promise<void> {
    const { bucket, storage, jobs, openDb } = this.#deps
    const state = this.#current()
    if (state.phase === 'complete') return
    if (state.phase === 'receiving') {
      await this.#arm(state)
      await assemble(bucket, state)
      storage.setPhase('stored')
      this.#reload()
    }
    const dueAt = Date.now() + RESEND_AFTER_MS
    await markHashing(openDb(), state.uploadId, dueAt, Date.now())
    await jobs.send({ kind: 'ingest', uploadId: state.uploadId, ticket: dueAt } satisfies IngestMessage)
    storage.setPhase('complete')
    await this.#arm(this.#reload())
    log('info', 'upload_complete', {
      uploadId: state.uploadId,
      bytes: state.length,
      parts: state.parts.length,
    })
  }

  #arm(state: UploadState): Promise<void> {
    return this.#deps.setAlarm(nextAlarm(state, Date.now()).at)
  }

  #current(): UploadState {
    if (!this.#state) throw new Error('the object holds no upload')
    return this.#state
  }

  #reload(): UploadState {
    this.#state = this.#deps.storage.load()
    return this.#current()
  }

  #answer(): UploadAnswer {
    if (!this.#state || isEnding(this.#state)) return refuse('not_found')
    return { ok: true, upload: viewOf(this.#state) }
  }
}

function refuse(code: Refusal): UploadAnswer {
  return { ok: false, code, detail: REFUSAL_WORDS[code] }
}

async function refuseBody(code: Refusal, body: ReadableStream<Uint8Array> | null): Promise<UploadAnswer> {
  if (body) await drain(body.getReader({ mode: 'byob' }))
  return refuse(code)
}
