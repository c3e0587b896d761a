/** Bit rates in kbit/s of layer III by version (ISO/IEC 11172-3 2.4.2.3, 13818-3); 0 (free) and 15 are not taken. */
const BITRATES = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
} as const

/** Sampling rates in Hz by the header's version bits: 0 is MPEG 2.5, 2 is MPEG 2, 3 is MPEG 1. */
const RATES: Record<number, readonly number[]> = {
  0: [11025, 12000, 8000],
  2: [22050, 24000, 16000],
  3: [44100, 48000, 32000],
}

const LAYER_III = 1

type Frame = { bytes: number; version: number; rateHz: number }

/** The MPEG audio layer III frame whose header stands at `at`, or null where none can. */
export function frameAt(bytes: Uint8Array, at: number): Frame | null {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = bytes.subarray(at, at + 4)
  if (at + 4 > bytes.length || b0 !== 0xff || (b1 & 0xe0) !== 0xe0) return null
  const version = (b1 >> 3) & 3
  const rateHz = RATES[version]?.[(b2 >> 2) & 3]
  const kbps = BITRATES[version === 3 ? 1 : 2][b2 >> 4]
  if (((b1 >> 1) & 3) !== LAYER_III || !rateHz || !kbps || (b3 & 3) === 2) return null
  const samples = version === 3 ? 1152 : 576
  return { bytes: Math.floor(((samples / 8) * kbps * 1000) / rateHz) + ((b2 >> 1) & 1), version, rateHz }
}

/** True where at least `count` frames of one version and rate follow each other from `at` on. */
export function framesFollow(bytes: Uint8Array, at: number, count: number): boolean {
  const first = frameAt(bytes, at)
  let position = at
  for (let seen = 0; seen < count; seen++) {
    const frame = frameAt(bytes, position)
    if (!first || !frame || frame.version !== first.version || frame.rateHz !== first.rateHz) return false
    position += frame.bytes
  }
  return true
}
