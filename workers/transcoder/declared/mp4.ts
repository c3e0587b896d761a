import type { ByteSource } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'

const MAX_TOP_LEVEL_BOXES = 100_000
const MAX_MOOV_BYTES = 64 * 2 ** 20
/** AAC encoders pad by up to about 2,112 samples in front and 1,024 behind. */
const SLACK_SECONDS = 0.2

/** The media duration of the first sound track (ISO/IEC 14496-12: `mdhd`, cut by `elst`). */
export async function declareMp4(file: ByteSource): Promise<Declaration> {
  const moov = await findMoov(file)
  if (!moov) return NO_DECLARATION
  const seconds = readSoundDuration(moov)
  return { ...NO_DECLARATION, seconds, slackSeconds: SLACK_SECONDS }
}

async function findMoov(file: ByteSource): Promise<Buffer | null> {
  let position = 0
  for (let box = 0; box < MAX_TOP_LEVEL_BOXES; box += 1) {
    const head = await file.read(position, 16)
    if (head.length < 8) return null
    const short = head.readUInt32BE(0)
    const size = short === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : short
    if (head.toString('latin1', 4, 8) === 'moov') {
      return size <= MAX_MOOV_BYTES ? (await file.read(position, size)).subarray(8) : null
    }
    if (size < 8) return null
    position += size
  }
  return null
}

function readSoundDuration(moov: Buffer): number | null {
  const movieHeader = child(moov, 'mvhd')
  for (const track of children(moov, 'trak')) {
    const media = child(track, 'mdia')
    const handler = media && child(media, 'hdlr')
    const header = media && child(media, 'mdhd')
    if (!header || handler?.toString('latin1', 8, 12) !== 'soun') continue
    const { duration, timescale } = readDuration(header)
    const edited = movieHeader && readEdited(track, readDuration(movieHeader).timescale)
    const seconds = duration / timescale
    if (!Number.isFinite(seconds) || seconds <= 0) return null
    return edited ? Math.min(edited, seconds) : seconds
  }
  return null
}

/** `mvhd` and `mdhd` start alike. */
function readDuration(header: Buffer): { timescale: number; duration: number } {
  const isLong = header[0] === 1
  if (header.length < (isLong ? 32 : 20)) return { timescale: 0, duration: 0 }
  return isLong
    ? { timescale: header.readUInt32BE(20), duration: Number(header.readBigUInt64BE(24)) }
    : { timescale: header.readUInt32BE(12), duration: known(header.readUInt32BE(16)) }
}

/** All ones mean that the duration is not known. */
const known = (duration: number) => (duration === 0xffff_ffff ? 0 : duration)

function readEdited(track: Buffer, movieTimescale: number): number {
  const edits = child(track, 'edts')
  const list = edits && child(edits, 'elst')
  if (!list || list.length < 8 || movieTimescale === 0) return 0
  const isLong = list[0] === 1
  const entryBytes = isLong ? 20 : 12
  let duration = 0
  for (let at = 8; at + entryBytes <= list.length; at += entryBytes) {
    const mediaTime = list.readInt32BE(at + (isLong ? 12 : 4))
    if (mediaTime < 0) continue
    duration += isLong ? Number(list.readBigUInt64BE(at)) : list.readUInt32BE(at)
  }
  return duration / movieTimescale
}

function child(parent: Buffer, type: string): Buffer | undefined {
  return children(parent, type)[0]
}

function children(parent: Buffer, type: string): Buffer[] {
  const found: Buffer[] = []
  let at = 0
  while (at + 8 <= parent.length) {
    const size = parent.readUInt32BE(at)
    if (size < 8) break
    if (parent.toString('latin1', at + 4, at + 8) === type) found.push(parent.subarray(at + 8, at + size))
    at += size
  }
  return found
}
