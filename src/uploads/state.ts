import { EXPIRES_AFTER_MS, PART_BYTES } from './limits.ts'
import type { Append, Refusal, UploadView } from './protocol.ts'

export type StoredPart = { number: number; etag: string; bytes: number }

/**
 * `receiving`: bytes are missing, or the parts are not one object yet. `stored`: the object stands in R2, its row
 * has not been told. `complete`: the row and the queue know. `terminating`, `expiring`: it takes no bytes any more
 * and is being removed.
 */
export const PHASES = ['receiving', 'stored', 'complete', 'terminating', 'expiring'] as const
export type Phase = (typeof PHASES)[number]

/** An upload in progress. Times are epoch milliseconds. */
export type UploadState = {
  readonly uploadId: string
  readonly ownerAccountId: string
  readonly length: number
  readonly metadata: string
  readonly expiresAt: number
  /** R2's id of the multipart upload; null until the first whole part, and for files of less. */
  readonly multipartId: string | null
  readonly parts: readonly StoredPart[]
  /** Bytes behind the parts that wait for the rest of theirs. */
  readonly tailBytes: number
  readonly phase: Phase
}

/** A request that is writing: since when it has been waiting for bytes, null while it is storing some. */
export type Writer = { waitingSince: number | null }

/** A writer that waits this long for bytes gives way to the next one, and to a question for the offset. */
export const STALLED_AFTER_MS = 2_000

/** A writer that waits this long for bytes is ended, whether anybody else comes or not. */
export const DEAD_AFTER_MS = 20_000

/** The offset: what is in parts or in the tail, and nothing else. */
export function offsetOf(state: UploadState): number {
  return partBytes(state) + state.tailBytes
}

export function partBytes(state: Pick<UploadState, 'parts'>): number {
  return state.parts.reduce((sum, part) => sum + part.bytes, 0)
}

/** True where all bytes have arrived and are in R2. */
export function isReceived(state: UploadState): boolean {
  return state.parts.length > 0 && partBytes(state) === state.length
}

/** True where the upload is being removed, because its owner gave it up or nobody went on with it. */
export function isEnding(state: UploadState): boolean {
  return state.phase === 'terminating' || state.phase === 'expiring'
}

export function viewOf(state: UploadState): UploadView {
  return {
    uploadId: state.uploadId,
    length: state.length,
    offset: offsetOf(state),
    metadata: state.metadata,
    expiresAt: state.expiresAt,
    isComplete: state.phase === 'complete',
  }
}

/** Why these bytes cannot be appended, or null. The order is that of the protocol: whose, where, how many. */
export function refuseAppend(state: UploadState | null, append: Append): Refusal | null {
  if (state?.ownerAccountId !== append.accountId || isEnding(state)) return 'not_found'
  if (append.offset !== offsetOf(state)) return 'offset_mismatch'
  if (append.contentLength !== null && append.offset + append.contentLength > state.length)
    return 'payload_too_large'
  return null
}

/** Whether a writer has been waiting for so long that it has to give way. */
export function hasStalled(writer: Writer, nowMs: number, afterMs = STALLED_AFTER_MS): boolean {
  return writer.waitingSince !== null && nowMs - writer.waitingSince >= afterMs
}

/** True where the buffer is to go out as a part now: it is full, and more has to come. The last bytes wait for the body's end. */
export function isPartDue(bufferedBytes: number, offset: number, length: number): boolean {
  return bufferedBytes === PART_BYTES && offset < length
}

export function expiryAfter(nowMs: number): number {
  return nowMs + EXPIRES_AFTER_MS
}

/** How soon a completion or a removal that was cut off is tried again, in milliseconds. */
const TRY_AGAIN_MS = 15_000

/** When the object's one alarm has to ring, and what for. */
export function nextAlarm(
  state: UploadState,
  nowMs: number,
): { at: number; why: 'finish' | 'remove' | 'expire' } {
  if (isEnding(state)) return { at: nowMs + TRY_AGAIN_MS, why: 'remove' }
  const isUnfinished = state.phase === 'stored' || (state.phase === 'receiving' && isReceived(state))
  return isUnfinished ? { at: nowMs + TRY_AGAIN_MS, why: 'finish' } : { at: state.expiresAt, why: 'expire' }
}

export const REFUSAL_WORDS: Record<Refusal, string> = {
  not_found: 'No upload of this account has this id.',
  conflict: 'The upload is complete and cannot be terminated any more.',
  offset_mismatch: 'Upload-Offset is not where the upload stands. Ask for the offset with HEAD.',
  payload_too_large: 'The body reaches beyond the Upload-Length.',
  upload_locked: 'Another request is sending bytes to this upload.',
  checksum_mismatch: 'The bytes are not those of Upload-Checksum. They have been discarded.',
  unavailable: 'The bytes stopped arriving. What has arrived is kept: ask for the offset with HEAD.',
}
