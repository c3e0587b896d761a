import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where a file lies, from the root: as bytes if they are not UTF-8, since a string would then name another file. */
export type LocalPath = string | Buffer

/**
 * Lends a path in text that leads to a file. One in bytes gets a link for as long, because tus-js-client makes a
 * string of every path that it opens.
 */
export async function withTextPath<T>(path: LocalPath, use: (path: string) => Promise<T>): Promise<T> {
  if (typeof path === 'string') return use(path)
  const folder = await mkdtemp(join(tmpdir(), 'segue-import-'))
  try {
    const link = join(folder, 'file')
    await symlink(path, link)
    return await use(link)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
