/** One MPEG audio frame header (ISO/IEC 11172-3, 2.4.1.3; 13818-3 for the halved rates). */
export type FrameHeader = {
  bytes: number
  samples: number
  sampleRate: number
  /** Bytes between the header and where a Xing or Info tag would stand. */
  sideInfoBytes: number
  /** Frames of one stream share version, layer and sample rate. */
  kind: number
}

const SAMPLE_RATES = [44_100, 48_000, 32_000]
const BITRATES_KBPS: Record<string, number[]> = {
  '1-1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1-2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1-3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2-1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2-2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2-3': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}

/** The frame header at an offset, or null where none can stand. */
export function readFrameHeader(bytes: Buffer, at: number): FrameHeader | null {
  if (at + 4 > bytes.length || bytes[at] !== 0xff) return null
  const word = bytes.readUInt32BE(at)
  const versionBits = (word >>> 19) & 3
  const layer = 4 - ((word >>> 17) & 3)
  if (word >>> 21 !== 0x7ff || versionBits === 1 || layer === 4) return null
  const generation = versionBits === 3 ? 1 : 2
  const bitrateKbps = BITRATES_KBPS[`${generation}-${layer}`]?.[((word >>> 12) & 15) - 1]
  const baseRate = SAMPLE_RATES[(word >>> 10) & 3]
  if (!bitrateKbps || !baseRate) return null
  const sampleRate = baseRate / (versionBits === 3 ? 1 : versionBits === 2 ? 2 : 4)
  const padding = (word >>> 9) & 1
  const samples = layer === 1 ? 384 : layer === 3 && generation === 2 ? 576 : 1152
  const slotBytes = layer === 1 ? 4 : 1
  const slots = Math.floor((samples / 8 / slotBytes) * ((bitrateKbps * 1000) / sampleRate)) + padding
  const isMono = ((word >>> 6) & 3) === 3
  return {
    bytes: slots * slotBytes,
    samples,
    sampleRate,
    sideInfoBytes: generation === 1 ? (isMono ? 17 : 32) : isMono ? 9 : 17,
    kind: (word >>> 17) * 4 + ((word >>> 10) & 3),
  }
}
