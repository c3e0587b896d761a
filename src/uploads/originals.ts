/** The R2 key of an upload's content. It becomes the track's source and is never moved: R2 has no rename. */
export function originalKey(uploadId: string): string {
  return `originals/${uploadId}`
}

/** Reads up to `length` bytes at `offset`; fewer at the end of the content, none beyond it. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

/** Random access to a stored object of `size` bytes. */
export function readerOf(bucket: R2Bucket, key: string, size: number): ReadAt {
  return async (offset, length) => {
    const wanted = Math.min(length, size - offset)
    if (wanted <= 0) return new Uint8Array()
    const object = await bucket.get(key, { range: { offset, length: wanted } })
    if (!object) throw new Error('the original is not there')
    return new Uint8Array(await object.arrayBuffer())
  }
}

/** Random access to bytes in memory. */
export function readerOfBytes(bytes: Uint8Array): ReadAt {
  return async (offset, length) => bytes.subarray(offset, offset + length)
}
