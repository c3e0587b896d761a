/** Turns a stream of s16le bytes into samples; a chunk may end in the middle of one. */
export function createSampleReader(onSamples: (samples: Int16Array) => void): (chunk: Buffer) => void {
  let odd: number | null = null
  return (chunk) => {
    const bytes = new Uint8Array(chunk.length + (odd === null ? 0 : 1))
    if (odd !== null) bytes[0] = odd
    bytes.set(chunk, bytes.length - chunk.length)
    odd = bytes.length % 2 === 1 ? (bytes.at(-1) ?? null) : null
    onSamples(new Int16Array(bytes.buffer, 0, bytes.length >> 1))
  }
}
