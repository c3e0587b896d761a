/** Small audio files, made byte by byte. They are what readers of headers and tags look at; there is no music in them. */

export function bytesOf(...parts: (string | number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const arrays = parts.map((part) =>
    typeof part === 'string' ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : Uint8Array.from(part),
  )
  const all = new Uint8Array(arrays.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of arrays) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const be32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const le32 = (value: number) => be32(value).reverse()
const synchsafe = (value: number) => [value >>> 21, (value >>> 14) & 127, (value >>> 7) & 127, value & 127]
const utf8 = (text: string) => new TextEncoder().encode(text)

/** MPEG 1 layer III, 128 kbit/s, 44.1 kHz: frames of 417 bytes. `seed` makes the content another one. */
export function mp3(frames = 8, seed = 0): Uint8Array<ArrayBuffer> {
  const frame = bytesOf([0xff, 0xfb, 0x90, 0x00], new Uint8Array(413).fill(seed & 0x7f))
  return bytesOf(...Array.from({ length: frames }, () => frame))
}

/** A text frame of ID3v2.4 in UTF-8. */
export function textFrame(id: string, text: string): Uint8Array {
  const body = bytesOf([3], utf8(text))
  return bytesOf(id, synchsafe(body.length), [0, 0], body)
}

export function lyricsFrame(text: string): Uint8Array {
  const body = bytesOf([3], 'eng', [0], utf8(text))
  return bytesOf('USLT', synchsafe(body.length), [0, 0], body)
}

export function coverFrame(bytes: number): Uint8Array {
  const body = bytesOf([0], 'image/jpeg', [0, 3, 0], new Uint8Array(bytes).fill(0x55))
  return bytesOf('APIC', synchsafe(body.length), [0, 0], body)
}

export function id3(...frames: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = bytesOf(...frames)
  return bytesOf('ID3', [4, 0, 0], synchsafe(body.length), body)
}

/** STREAMINFO (44.1 kHz, stereo, 16 bit) and one Vorbis comment block. */
export function flac(comments: string[] = [], seed = 0): Uint8Array<ArrayBuffer> {
  const info = bytesOf(
    [16, 0, 16, 0, 0, 0, 0, 0, 0, 0],
    [0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0],
    new Uint8Array(16).fill(seed),
  )
  const fields = comments.map((comment) => bytesOf(le32(utf8(comment).length), utf8(comment)))
  const block = bytesOf(le32(5), 'segue', le32(fields.length), ...fields)
  return bytesOf(
    'fLaC',
    [0, 0, 0, info.length],
    info,
    [0x84, ...be32(block.length).slice(1)],
    block,
    new Uint8Array(64),
  )
}

export function wav(): Uint8Array<ArrayBuffer> {
  const format = bytesOf([1, 0, 2, 0], le32(44100), le32(176400), [4, 0, 16, 0])
  return bytesOf(
    'RIFF',
    le32(36 + 64),
    'WAVE',
    'fmt ',
    le32(16),
    format,
    'data',
    le32(64),
    new Uint8Array(64),
  )
}

export function aiff(): Uint8Array<ArrayBuffer> {
  const common = [0, 2, 0, 0, 0, 16, 0, 16, 0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]
  const chunks = bytesOf('AIFF', 'COMM', be32(18), common, 'SSND', be32(72), new Uint8Array(72))
  return bytesOf('FORM', be32(chunks.length), chunks)
}

export function m4a(brand = 'M4A '): Uint8Array<ArrayBuffer> {
  return bytesOf(be32(20), 'ftyp', brand, be32(512), brand, be32(8), 'free', be32(8), 'mdat')
}

/** First page of an Ogg stream with the packet that opens it. */
export function oggPage(packet: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const body = bytesOf(packet)
  return bytesOf('OggS', [0, 2], new Uint8Array(8), le32(1), le32(0), le32(0), [1, body.length], body)
}
