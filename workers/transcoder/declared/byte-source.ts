import type { FileHandle } from 'node:fs/promises'

/** A file that headers are read from, a few bytes here and there. */
export type ByteSource = {
  size: number
  /** At most `length` bytes from `position`; fewer at the end of the file. */
  read(position: number, length: number): Promise<Buffer>
}

export async function openByteSource(handle: FileHandle): Promise<ByteSource> {
  const { size } = await handle.stat()
  return {
    size,
    async read(position, length) {
      const wanted = Math.max(0, Math.min(length, size - position))
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, position)
      return buffer.subarray(0, bytesRead)
    },
  }
}

/** Where the audio starts behind ID3v2 tags (id3.org, ID3v2.4 structure, 3.1). */
export async function skipId3(file: ByteSource): Promise<number> {
  let position = 0
  for (let tags = 0; tags < 8; tags += 1) {
    const header = await file.read(position, 10)
    if (header.length < 10 || header.toString('latin1', 0, 3) !== 'ID3') return position
    const size = header.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0)
    const hasFooter = ((header[5] ?? 0) & 0x10) !== 0
    position += 10 + size + (hasFooter ? 10 : 0)
  }
  return position
}
