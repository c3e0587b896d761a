import { type ByteSource, skipId3 } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'

/** The STREAMINFO block (RFC 9639, 8.2): 20 bits of sample rate, 36 bits of sample count, 0 for unknown. */
export async function declareFlac(file: ByteSource): Promise<Declaration> {
  const header = await file.read(await skipId3(file), 26)
  if (header.length < 26 || header.toString('latin1', 0, 4) !== 'fLaC') return NO_DECLARATION
  const sampleRate = header.readUIntBE(18, 3) >> 4
  const samples = (header.readUInt8(21) & 0x0f) * 2 ** 32 + header.readUInt32BE(22)
  return sampleRate > 0 && samples > 0 ? { ...NO_DECLARATION, seconds: samples / sampleRate } : NO_DECLARATION
}
