/** One read of R2, in bytes: a long body that is hashed slower than it is read would pile up on its way. */
const RANGE_BYTES = 32 * 1024 * 1024
const READ_BYTES = 256 * 1024

/** SHA-256 of a stored object of `size` bytes in hex, in constant memory; null where it is not there. */
export async function hashStored(bucket: R2Bucket, key: string, size: number): Promise<string | null> {
  const digest = new crypto.DigestStream('SHA-256')
  const writer = digest.getWriter()
  for (let offset = 0; offset < size; offset += RANGE_BYTES) {
    const object = await bucket.get(key, { range: { offset, length: Math.min(RANGE_BYTES, size - offset) } })
    if (!object) {
      digest.digest.catch(() => {})
      await writer.abort()
      return null
    }
    await copy(object.body, writer)
  }
  await writer.close()
  return Buffer.from(await digest.digest).toString('hex')
}

async function copy(body: ReadableStream, writer: WritableStreamDefaultWriter): Promise<void> {
  const reader = body.getReader({ mode: 'byob' })
  let buffer = new ArrayBuffer(READ_BYTES)
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer))
    if (done) return
    await writer.write(value)
    buffer = value.buffer
  }
}
