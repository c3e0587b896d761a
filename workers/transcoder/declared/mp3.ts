import { type ByteSource, skipId3 } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'
import { type FrameHeader, readFrameHeader } from './mp3-frame.ts'

const WINDOW_BYTES = 2 ** 20
/** Longer than any frame, so that a frame and the next one's header lie in one window. */
const OVERLAP_BYTES = 8192
/** Chance does not line up so many frames; about a second of music. */
const CONVINCING_RUN = 40
const ID3V1_BYTES = 128
const SLACK_SECONDS = 0.2

type Frames = {
  coveredBytes: number
  longestRun: number
  first: { header: FrameHeader; position: number } | null
}

/**
 * MP3 claims its length in a Xing, Info or VBRI tag only, in its first frame. A decoder finds "frames" in any
 * bytes, so a file is plausible only if frames follow one another for a while or make up most of it.
 */
export async function declareMp3(file: ByteSource): Promise<Declaration> {
  const start = await skipId3(file)
  const end = file.size - (await trailingTagBytes(file))
  const frames = await walkFrames(file, start, end)
  const isPlausible = frames.longestRun >= CONVINCING_RUN || frames.coveredBytes >= (end - start) / 2
  if (!isPlausible || !frames.first) return { ...NO_DECLARATION, isPlausible: false }
  const seconds = await readTaggedLength(file, frames.first.header, frames.first.position)
  return { ...NO_DECLARATION, seconds, slackSeconds: SLACK_SECONDS }
}

async function trailingTagBytes(file: ByteSource): Promise<number> {
  const tail = await file.read(file.size - ID3V1_BYTES, ID3V1_BYTES)
  return tail.toString('latin1', 0, 3) === 'TAG' ? ID3V1_BYTES : 0
}

async function walkFrames(file: ByteSource, start: number, end: number): Promise<Frames> {
  const frames: Frames = { coveredBytes: 0, longestRun: 0, first: null }
  let run = 0
  let position = start
  while (position < end) {
    const window = await file.read(position, Math.min(WINDOW_BYTES, end - position))
    const isLastWindow = position + window.length >= end
    const stop = isLastWindow ? window.length : window.length - OVERLAP_BYTES
    let at = 0
    while (at < stop) {
      const header = readFrameHeader(window, at)
      if (header && isFollowed(window, at, header, isLastWindow)) {
        frames.first ??= { header, position: position + at }
        frames.coveredBytes += header.bytes
        run += 1
        frames.longestRun = Math.max(frames.longestRun, run)
        at += header.bytes
      } else {
        run = 0
        const next = window.indexOf(0xff, at + 1)
        at = next < 0 ? stop : next
      }
    }
    position += Math.max(at, 1)
  }
  return frames
}

function isFollowed(window: Buffer, at: number, header: FrameHeader, isLastWindow: boolean): boolean {
  const next = at + header.bytes
  if (next >= window.length) return isLastWindow && next === window.length
  return readFrameHeader(window, next)?.kind === header.kind
}

/** Frame count of the Xing/Info tag (behind the side information) or of Fraunhofer's VBRI (at offset 36). */
async function readTaggedLength(
  file: ByteSource,
  frame: FrameHeader,
  position: number,
): Promise<number | null> {
  const bytes = await file.read(position, 64)
  const xing = 4 + frame.sideInfoBytes
  const isXing = /^(Xing|Info)$/.test(bytes.toString('latin1', xing, xing + 4))
  const hasFrames = isXing && bytes.length >= xing + 12 && (bytes.readUInt32BE(xing + 4) & 1) !== 0
  const isVbri = bytes.toString('latin1', 36, 40) === 'VBRI' && bytes.length >= 54
  if (!hasFrames && !isVbri) return null
  const count = bytes.readUInt32BE(hasFrames ? xing + 8 : 50)
  return count > 0 ? (count * frame.samples) / frame.sampleRate : null
}
