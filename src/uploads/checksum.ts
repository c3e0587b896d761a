import { createHash } from 'node:crypto'

/** By the names of the tus checksum extension; the values are what `node:crypto` calls them. */
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256'] as const
export type Checksum = { algorithm: (typeof CHECKSUM_ALGORITHMS)[number]; digest: string }

const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const

/**
 * Reads an Upload-Checksum header: the algorithm, a space, the digest in base64
 * (https://tus.io/protocols/resumable-upload#upload-checksum).
 * @returns null where it is not one, or the algorithm is not served
 */
export function parseChecksum(header: string): Checksum | null {
  const [name, digest, ...rest] = header.trim().split(' ')
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name)
  if (!algorithm || !digest || rest.length > 0) return null
  const bytes = Buffer.from(digest, 'base64')
  return bytes.length === DIGEST_BYTES[algorithm] && bytes.toString('base64') === digest
    ? { algorithm, digest }
    : null
}

/** Follows a body and tells at its end whether it is the announced one. */
export function checksumOf(expected: Checksum): {
  update: (bytes: Uint8Array) => void
  holds: () => boolean
} {
  const hash = createHash(expected.algorithm)
  return {
    update: (bytes) => void hash.update(bytes),
    holds: () => hash.digest('base64') === expected.digest,
  }
}
