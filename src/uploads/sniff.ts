import type { SourceFormat } from '../transcoding/protocol.ts'
import { framesFollow } from './mpeg.ts'
import type { ReadAt } from './originals.ts'

/** How many bytes of a file's beginning decide about everything that has no ID3v2 tag before it. */
export const SNIFF_BYTES = 16 * 1024

/** How far behind a tag the first MPEG frame is looked for, in bytes. */
const RESYNC_BYTES = 4 * 1024

const MAX_LEADING_TAGS = 4

const MP4_BRANDS = ['M4A ', 'M4B ', 'M4P ', 'mp41', 'mp42', 'isom', 'iso2', 'iso4', 'iso5', 'iso6', 'dash']
const OGG_AUDIO_HEADS = ['\x01vorbis', 'OpusHead', '\x7fFLAC']

/**
 * Tells what kind of audio file this is, by its content alone. It promises no more than that a decoder is worth
 * trying: whether there is audio in it, only the transcoder knows.
 * @returns null for everything that is not taken
 */
export async function sniff(readAt: ReadAt): Promise<SourceFormat | null> {
  let head = await readAt(0, SNIFF_BYTES)
  let at = 0
  for (let tags = 0; tags < MAX_LEADING_TAGS; tags++) {
    const tagBytes = id3v2Bytes(head)
    if (tagBytes === 0) break
    at += tagBytes
    head = await readAt(at, SNIFF_BYTES)
  }
  return at > 0 ? sniffBehindTag(head) : sniffHead(head)
}

/** Bytes of the ID3v2 tag that stands at the beginning, header and footer included; 0 without one (id3.org, ID3v2.4 section 3.1). */
export function id3v2Bytes(head: Uint8Array): number {
  const [, , , major = 0xff, minor = 0xff, flags = 0, s0 = 0x80, s1 = 0, s2 = 0, s3 = 0] = head
  if (textAt(head, 0, 3) !== 'ID3' || major === 0xff || minor === 0xff || ((s0 | s1 | s2 | s3) & 0x80) !== 0)
    return 0
  const body = (s0 << 21) | (s1 << 14) | (s2 << 7) | s3
  return 10 + body + ((flags & 0x10) !== 0 ? 10 : 0)
}

function sniffBehindTag(head: Uint8Array): SourceFormat | null {
  if (textAt(head, 0, 4) === 'fLaC') return 'flac'
  return hasMpegAudio(head) ? 'mp3' : null
}

function sniffHead(head: Uint8Array): SourceFormat | null {
  const magic = textAt(head, 0, 4)
  const kind = textAt(head, 8, 4)
  if (magic === 'fLaC') return 'flac'
  if ((magic === 'RIFF' || magic === 'RF64') && kind === 'WAVE') return 'wav'
  if (magic === 'FORM' && (kind === 'AIFF' || kind === 'AIFC')) return 'aiff'
  if (textAt(head, 4, 4) === 'ftyp') return hasKnownBrand(head) ? 'mp4' : null
  if (magic === 'OggS') return hasOggAudio(head) ? 'ogg' : null
  return hasMpegAudio(head) ? 'mp3' : null
}

/** Two frames in a row where the first must stand; behind a few stray bytes only three are believed. */
function hasMpegAudio(head: Uint8Array): boolean {
  if (framesFollow(head, 0, 2)) return true
  const last = Math.min(RESYNC_BYTES, head.length)
  for (let at = 1; at < last; at++) if (framesFollow(head, at, 3)) return true
  return false
}

/** ISO/IEC 14496-12 section 4.3: major brand, minor version, compatible brands. */
function hasKnownBrand(head: Uint8Array): boolean {
  const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0)
  const end = Math.min(size, head.length)
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    if (MP4_BRANDS.includes(textAt(head, at, 4))) return true
  }
  return false
}

/** The first pages of an Ogg file open its streams, one page each (RFC 3533 section 4): one of them must be audio. */
function hasOggAudio(head: Uint8Array): boolean {
  let at = 0
  while (textAt(head, at, 4) === 'OggS' && at + 27 < head.length) {
    const segments = head[at + 26] ?? 0
    const body = at + 27 + segments
    if (OGG_AUDIO_HEADS.some((name) => textAt(head, body, name.length) === name)) return true
    at = body + head.subarray(at + 27, body).reduce((sum, bytes) => sum + bytes, 0)
  }
  return false
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
