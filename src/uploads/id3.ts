import type { ReadAt } from './originals.ts'
import { id3v2Bytes } from './sniff.ts'

/** Tags up to this size are read as they are, in bytes. */
const SMALL_TAG_BYTES = 1024 * 1024
/** The largest frame that is kept, and what all kept frames may have, in bytes. */
const MAX_FRAME_BYTES = 2 * 1024 * 1024
const MAX_KEPT_BYTES = 4 * 1024 * 1024
const MAX_FRAMES = 1000
const WINDOW_BYTES = 64 * 1024

/** Text frames and lyrics. */
const KEPT = /^(?:T[A-Z0-9]{2,3}|USLT|ULT|SYLT|SLT)$/
const FRAME_ID = /^[A-Z0-9]{3,4}$/

/**
 * A view of a file in which a large ID3v2 tag in front holds text frames only. A reader of tags takes a tag into
 * memory as a whole, and a cover may have tens of megabytes.
 */
export async function withoutPictures(
  readAt: ReadAt,
  size: number,
): Promise<{ readAt: ReadAt; size: number }> {
  const head = await readAt(0, 10)
  const tagBytes = id3v2Bytes(head)
  const [, , , major = 0, , flags = 0] = head
  // Unsynchronised tags and extended headers, both rare, are left to the reader and its budget.
  if (tagBytes <= SMALL_TAG_BYTES || tagBytes > size || (flags & 0xc0) !== 0) return { readAt, size }
  const frames = await keptFrames(windowed(readAt), major, tagBytes)
  const tag = tagOf(head.subarray(0, 5), frames)
  return { readAt: spliced(readAt, tag, tagBytes), size: size - tagBytes + tag.length }
}

/** ID3v2.2 section 3.2, ID3v2.3 section 3.3, ID3v2.4 section 4 (id3.org). */
async function keptFrames(readAt: ReadAt, major: number, tagBytes: number): Promise<Uint8Array[]> {
  const idBytes = major === 2 ? 3 : 4
  const headerBytes = major === 2 ? 6 : 10
  const frames: Uint8Array[] = []
  let kept = 0
  for (let at = 10, seen = 0; at + headerBytes <= tagBytes && seen < MAX_FRAMES; seen++) {
    const header = await readAt(at, headerBytes)
    const id = String.fromCharCode(...header.subarray(0, idBytes))
    const bytes = headerBytes + sizeOf(header.subarray(idBytes, major === 2 ? 6 : 8), major === 4 ? 7 : 8)
    if (!FRAME_ID.test(id) || at + bytes > tagBytes) break
    if (KEPT.test(id) && bytes <= MAX_FRAME_BYTES && kept + bytes <= MAX_KEPT_BYTES) {
      frames.push((await readAt(at, bytes)).slice())
      kept += bytes
    }
    at += bytes
  }
  return frames
}

/** A big-endian number whose bytes carry 8 bits, or 7 in a synchsafe one. */
function sizeOf(bytes: Uint8Array, bits: number): number {
  return bytes.reduce((value, byte) => value * 2 ** bits + byte, 0)
}

/** @param magic "ID3" and the two bytes of the version */
function tagOf(magic: Uint8Array, frames: Uint8Array[]): Uint8Array {
  const body = frames.reduce((sum, frame) => sum + frame.length, 0)
  const tag = new Uint8Array(10 + body)
  tag.set(magic)
  tag.set([body >>> 21, (body >>> 14) & 127, (body >>> 7) & 127, body & 127], 6)
  let at = 10
  for (const frame of frames) {
    tag.set(frame, at)
    at += frame.length
  }
  return tag
}

/** The file with its first `replacedBytes` replaced by `front`. */
function spliced(readAt: ReadAt, front: Uint8Array, replacedBytes: number): ReadAt {
  return async (offset, length) => {
    const head = front.subarray(offset, offset + length)
    if (head.length === length) return head
    const rest = await readAt(Math.max(0, offset - front.length) + replacedBytes, length - head.length)
    const bytes = new Uint8Array(head.length + rest.length)
    bytes.set(head)
    bytes.set(rest, head.length)
    return bytes
  }
}

/** Reads ahead, so that small neighbours are one read of the file. */
function windowed(readAt: ReadAt): ReadAt {
  let start = 0
  let window = new Uint8Array()
  return async (offset, length) => {
    if (offset < start || offset + length > start + window.length) {
      start = offset
      window = new Uint8Array(await readAt(offset, Math.max(length, WINDOW_BYTES)))
    }
    return window.subarray(offset - start, offset - start + length)
  }
}
