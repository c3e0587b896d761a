import type { ByteSource } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'

const MAX_CHUNKS = 200

/** The COMM chunk of AIFF and AIFF-C (Apple, AIFF 1.3): sample frames and an 80-bit sample rate. */
export async function declareAiff(file: ByteSource): Promise<Declaration> {
  let position = 12
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk += 1) {
    const head = await file.read(position, 8)
    if (head.length < 8) break
    const size = head.readUInt32BE(4)
    if (head.toString('latin1', 0, 4) === 'COMM') return readCommon(await file.read(position + 8, 18))
    position += 8 + size + (size % 2)
  }
  return NO_DECLARATION
}

function readCommon(chunk: Buffer): Declaration {
  if (chunk.length < 18) return NO_DECLARATION
  const frames = chunk.readUInt32BE(2)
  const sampleRate = readExtended(chunk.subarray(8))
  const seconds = frames / sampleRate
  return frames > 0 && Number.isFinite(seconds) ? { ...NO_DECLARATION, seconds } : NO_DECLARATION
}

/** IEEE 754 extended precision: 15 bits of exponent, biased by 16,383, and 64 of mantissa. */
function readExtended(bytes: Buffer): number {
  const exponent = (bytes.readUInt16BE(0) & 0x7fff) - 16_383
  return Number(bytes.readBigUInt64BE(2)) * 2 ** (exponent - 63)
}
