import { drain } from './drain.ts'
import { PART_BYTES } from './limits.ts'
import type { Refusal } from './protocol.ts'
import { isPartDue, type Writer } from './state.ts'

/** One read from the connection, in bytes. Its buffer goes back and forth, so a body of any length makes no garbage. */
const READ_BYTES = 256 * 1024

/**
 * How a body ended: as its sender meant it, cut off, because somebody asked for it, or because it went on beyond
 * the length of the upload.
 */
export type BodyEnd = 'ended' | 'cut' | 'stopped' | 'too_long'

/** Why a body that ended so was not kept as a whole, or null. */
export function refusalOf(end: BodyEnd): Refusal | null {
  if (end === 'ended') return null
  return end === 'too_long' ? 'payload_too_large' : 'unavailable'
}

export type Receiving = {
  /** One part long, or the upload where that is less; the first `filled` bytes are the tail that was kept. */
  buffer: Uint8Array
  filled: number
  offset: number
  length: number
  /** Noted here while bytes are waited for, so that others can tell a slow sender from a dead one. */
  writer: Writer
  stopped: Promise<unknown>
  /** Sends the full buffer away; it is written to again as soon as the promise resolves. */
  flush: () => Promise<void>
  onBytes: (bytes: Uint8Array) => void
}

/**
 * Reads a body into parts. Every byte that arrived is counted, also where the connection breaks.
 * @returns how it ended, the offset it reached, and how much of the buffer is no part yet
 */
export async function receive(
  body: ReadableStream<Uint8Array>,
  into: Receiving,
): Promise<{ end: BodyEnd; offset: number; filled: number }> {
  const reader = body.getReader({ mode: 'byob' })
  const stopped = into.stopped.then(() => 'stopped' as const)
  let scratch = new ArrayBuffer(READ_BYTES)
  let { offset, filled } = into
  for (;;) {
    into.writer.waitingSince = Date.now()
    const read = reader.read(new Uint8Array(scratch)).catch(() => 'cut' as const)
    const result = await Promise.race([read, stopped])
    into.writer.waitingSince = null
    if (typeof result === 'string') {
      reader.cancel().catch(() => {})
      return { end: result, offset, filled }
    }
    if (result.done) return { end: 'ended', offset, filled }
    const bytes = result.value
    if (offset + bytes.length > into.length) {
      await drain(reader)
      return { end: 'too_long', offset, filled }
    }
    into.onBytes(bytes)
    for (let taken = 0; taken < bytes.length; ) {
      const piece = bytes.subarray(taken, taken + PART_BYTES - filled)
      into.buffer.set(piece, filled)
      filled += piece.length
      taken += piece.length
      offset += piece.length
      if (!isPartDue(filled, offset, into.length)) continue
      await into.flush()
      filled = 0
    }
    scratch = bytes.buffer as ArrayBuffer
  }
}
