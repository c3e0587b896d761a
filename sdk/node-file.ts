import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { UploadSource } from './upload.ts'

/**
 * A file of this machine, to upload from Node.
 * @param fingerprint tells its content from others; its place, size and time of change unless given
 */
export async function fileSource(path: string, fingerprint?: string): Promise<UploadSource> {
  const { size, mtimeMs } = await stat(path)
  return {
    name: basename(path),
    bytes: size,
    fingerprint: fingerprint ?? `${resolve(path)}:${size}:${mtimeMs}`,
    blob: async () => new Blob([await readFile(path)]),
    open: () => createReadStream(path),
  }
}

/** SHA-256 of a file's content, in hex. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, signal ? { signal } : {})
  return hash.digest('hex')
}
