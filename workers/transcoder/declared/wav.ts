import type { ByteSource } from './byte-source.ts'
import { type Declaration, NO_DECLARATION } from './declaration.ts'

const MAX_CHUNKS = 200
const UNCOMPRESSED = new Set([1, 3, 6, 7])
const EXTENSIBLE = 0xfffe

type WavHeaders = {
  blockAlign: number
  sampleRate: number
  bytesPerSecond: number
  isUncompressed: boolean
  factSamples: number
  dataBytes: number | null
}

/** RIFF WAVE, with the 64-bit sizes of RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088). */
export async function declareWav(file: ByteSource): Promise<Declaration> {
  const headers = await readHeaders(file)
  if (headers.dataBytes === null || headers.sampleRate === 0) return NO_DECLARATION
  const seconds = lengthOf(headers, headers.dataBytes)
  return Number.isFinite(seconds) ? { ...NO_DECLARATION, seconds } : NO_DECLARATION
}

function lengthOf(headers: WavHeaders, dataBytes: number): number {
  if (headers.isUncompressed) return dataBytes / headers.blockAlign / headers.sampleRate
  if (headers.factSamples > 0) return headers.factSamples / headers.sampleRate
  return dataBytes / headers.bytesPerSecond
}

async function readHeaders(file: ByteSource): Promise<WavHeaders> {
  const is64Bit = /^(RF64|BW64)$/.test((await file.read(0, 4)).toString('latin1'))
  const headers: WavHeaders = {
    blockAlign: 0,
    sampleRate: 0,
    bytesPerSecond: 0,
    isUncompressed: false,
    factSamples: 0,
    dataBytes: null,
  }
  let dataBytes64: number | null = null
  let position = 12
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk += 1) {
    const head = await file.read(position, 8)
    if (head.length < 8) break
    const id = head.toString('latin1', 0, 4)
    const size = head.readUInt32LE(4)
    if (id === 'ds64') dataBytes64 = readDataSize64(await file.read(position + 8, 16))
    if (id === 'fmt ') readFormat(headers, await file.read(position + 8, 26))
    if (id === 'fact') headers.factSamples = readFact(await file.read(position + 8, 4))
    if (id === 'data') {
      headers.dataBytes = is64Bit ? dataBytes64 : meantSize(size)
      break
    }
    position += 8 + size + (size % 2)
  }
  return headers
}

function readFormat(headers: WavHeaders, chunk: Buffer): void {
  if (chunk.length < 16) return
  const tag = chunk.readUInt16LE(0)
  const format = tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag
  headers.sampleRate = chunk.readUInt32LE(4)
  headers.bytesPerSecond = chunk.readUInt32LE(8)
  headers.blockAlign = chunk.readUInt16LE(12)
  headers.isUncompressed = UNCOMPRESSED.has(format)
}

const readFact = (chunk: Buffer) => (chunk.length < 4 ? 0 : chunk.readUInt32LE(0))
const readDataSize64 = (chunk: Buffer) => (chunk.length < 16 ? null : Number(chunk.readBigUInt64LE(8)))

/** Programs that write to a pipe leave 0 or the largest number that they can think of: no claim. */
function meantSize(size: number): number | null {
  const isPlaceholder = size === 0 || size >= 0xffff_ff00 || (size >= 0x7fff_f000 && size <= 0x7fff_ffff)
  return isPlaceholder ? null : size
}
