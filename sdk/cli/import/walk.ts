import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'

/** What may be audio by its name; the service judges by content. */
const EXTENSIONS = new Set(
  '.mp3 .flac .wav .wave .aif .aiff .aifc .m4a .m4b .mp4 .ogg .oga .opus .aac .wma .ape .wv'.split(' '),
)

export type Candidate = { path: string; shown: string; bytes: number; mtimeMs: number }

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
  await walkFolder(root, root, new Set(), found, signal)
  return found
}

async function walkFolder(
  root: string,
  folder: string,
  seen: Set<string>,
  found: Walk,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const real = await realpath(folder)
  if (seen.has(real)) return
  seen.add(real)
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  for (const name of names.toSorted(byCodePoint)) {
    const path = join(folder, name)
    const shown = relative(root, path)
    try {
      const stats = await stat(path)
      if (stats.isDirectory()) await walkFolder(root, path, seen, found, signal)
      else if (!stats.isFile() || !EXTENSIONS.has(extname(name).toLowerCase())) found.ignored++
      else found.candidates.push({ path, shown, bytes: stats.size, mtimeMs: stats.mtimeMs })
    } catch (error) {
      signal?.throwIfAborted()
      found.unreadable.push({ shown, reason: reasonOf(error) })
    }
  }
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT' || code === 'ELOOP') return 'The link leads nowhere.'
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read by this user.'
  return error instanceof Error ? error.message : String(error)
}
