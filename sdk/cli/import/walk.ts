import { isUtf8 } from 'node:buffer'
import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, relative, sep } from 'node:path'
import type { LocalPath } from './local-path.ts'

/** What may be audio by its name; the service judges by content. */
const EXTENSIONS = new Set(
  '.mp3 .flac .wav .wave .aif .aiff .aifc .m4a .m4b .mp4 .ogg .oga .opus .aac .wma .ape .wv'.split(' '),
)

export type Candidate = {
  path: LocalPath
  /** The path below the folder, with replacement characters for what is not UTF-8: two files may share it. */
  shown: string
  bytes: number
  mtimeMs: number
}

const DOT = 0x2e
const SEPARATOR = Buffer.from(sep)
const NOTHING = Buffer.alloc(0)

export type Walk = {
  /** In the order of their paths. */
  candidates: Candidate[]
  /** How many files are no audio by their names. */
  ignored: number
  /** Folders and files that could not be read. */
  unreadable: { shown: string; reason: string }[]
}

/**
 * Finds the audio files below a folder. Hidden files are passed over, links followed, and a folder that several ways
 * lead to is read once.
 */
export async function walk(root: string, signal?: AbortSignal): Promise<Walk> {
  const found: Walk = { candidates: [], ignored: 0, unreadable: [] }
  await walkFolder(root, Buffer.from(root), new Set(), found, signal)
  return found
}

async function walkFolder(
  root: string,
  folder: Buffer,
  seen: Set<string>,
  found: Walk,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const real = (await realpath(folder, { encoding: 'buffer' })).toString('hex')
  if (seen.has(real)) return
  seen.add(real)
  const names = (await readdir(folder, { encoding: 'buffer' })).filter((name) => name[0] !== DOT)
  for (const name of names.toSorted(Buffer.compare)) {
    const path = below(folder, name)
    const text = path.toString()
    const shown = relative(root, text)
    try {
      const stats = await stat(path)
      if (stats.isDirectory()) await walkFolder(root, path, seen, found, signal)
      else if (!stats.isFile() || !EXTENSIONS.has(extname(text).toLowerCase())) found.ignored++
      else {
        const { size: bytes, mtimeMs } = stats
        found.candidates.push({ path: isUtf8(path) ? text : path, shown, bytes, mtimeMs })
      }
    } catch (error) {
      signal?.throwIfAborted()
      found.unreadable.push({ shown, reason: reasonOf(error) })
    }
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, folder.at(-1) === SEPARATOR[0] ? NOTHING : SEPARATOR, name])
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT' || code === 'ELOOP') return 'The link leads nowhere.'
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read by this user.'
  return error instanceof Error ? error.message : String(error)
}
