import { open } from 'node:fs/promises'
import { type ByteSource, openByteSource } from './declared/byte-source.ts'

export type SegmentTable = {
  timescale: number
  /** ftyp and moov. */
  mapBytes: number
  /** ftyp, moov and sidx. */
  initBytes: number
  segments: [bytes: number, duration: number][]
}

type Box = { type: string; position: number; size: number }

const MAX_SIDX_BYTES = 16 * 2 ** 20
/** The index of random access that ffmpeg appends; no player needs it. */
const TRAILER = 'mfra'

/**
 * The segment table of a CMAF file with one global `sidx` (ISO/IEC 14496-12, 8.16.3).
 * @throws Error where the table and the file disagree.
 */
export async function readSegmentTable(path: string): Promise<SegmentTable> {
  const handle = await open(path)
  try {
    const file = await openByteSource(handle)
    const boxes = await readTopLevel(file)
    return await readTable(file, boxes)
  } finally {
    await handle.close()
  }
}

async function readTopLevel(file: ByteSource): Promise<Box[]> {
  const boxes: Box[] = []
  let position = 0
  while (position < file.size) {
    const head = await file.read(position, 16)
    if (head.length < 8) throw new Error('a box is cut off')
    const short = head.readUInt32BE(0)
    const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short
    if (size < 8 || position + size > file.size) throw new Error('a box has an impossible size')
    boxes.push({ type: head.toString('latin1', 4, 8), position, size })
    position += size
  }
  return boxes
}

async function readTable(file: ByteSource, boxes: Box[]): Promise<SegmentTable> {
  const [ftyp, moov, sidx] = boxes
  if (ftyp?.type !== 'ftyp' || moov?.type !== 'moov' || sidx?.type !== 'sidx' || sidx.size > MAX_SIDX_BYTES) {
    throw new Error('the file does not start with ftyp, moov and sidx')
  }
  const initBytes = sidx.position + sidx.size
  const { timescale, firstOffset, segments } = parseSidx(await file.read(sidx.position, sidx.size))
  const trailerBytes = boxes.filter(({ type }) => type === TRAILER).reduce((sum, { size }) => sum + size, 0)
  const segmentBytes = segments.reduce((sum, [bytes]) => sum + bytes, 0)
  if (firstOffset !== 0 || initBytes + segmentBytes + trailerBytes !== file.size) {
    throw new Error('the segments do not add up to the file')
  }
  return { timescale, mapBytes: sidx.position, initBytes, segments }
}

/** @param box the whole `sidx` box, header included. */
export function parseSidx(
  box: Buffer,
): Pick<SegmentTable, 'timescale' | 'segments'> & { firstOffset: number } {
  const version = box.readUInt8(8)
  const timescale = box.readUInt32BE(16)
  const firstOffset = version === 0 ? box.readUInt32BE(24) : Number(box.readBigUInt64BE(28))
  const countAt = version === 0 ? 30 : 38
  const count = box.readUInt16BE(countAt)
  const segments: SegmentTable['segments'] = []
  for (let at = countAt + 2; segments.length < count; at += 12) {
    const reference = box.readUInt32BE(at)
    if (reference >>> 31 !== 0) throw new Error('sidx refers to another sidx')
    segments.push([reference, box.readUInt32BE(at + 4)])
  }
  return { timescale, firstOffset, segments }
}
