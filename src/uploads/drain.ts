/** How long the rest of a refused body is read, in milliseconds. */
const DRAIN_MS = 5_000
const READ_BYTES = 256 * 1024

/**
 * Reads what is left of a refused body, for a while: many clients look for an answer only when they have sent all,
 * and take a connection that closes before for a failure of the network.
 */
export async function drain(reader: ReadableStreamBYOBReader): Promise<void> {
  const { promise: isOver, resolve: end } = Promise.withResolvers<null>()
  const timer = setTimeout(() => end(null), DRAIN_MS)
  let scratch = new ArrayBuffer(READ_BYTES)
  try {
    for (;;) {
      const read = reader.read(new Uint8Array(scratch)).catch(() => null)
      const result = await Promise.race([read, isOver])
      if (!result || result.done) return
      scratch = result.value.buffer
    }
  } finally {
    clearTimeout(timer)
    reader.cancel().catch(() => {})
  }
}
