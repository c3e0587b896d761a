import { basename } from 'node:path'
import type { Segue } from '../../client.ts'
import { isSegueError } from '../../errors.ts'
import { fileSource, sha256Of } from '../../node-file.ts'
import { UploadFailedError, uploadFile } from '../../upload.ts'
import type { Journal } from './journal.ts'
import { withTextPath } from './local-path.ts'
import type { Candidate } from './walk.ts'

/** What became of a file. `skipped`: the account has a track of this content already. */
export type Outcome =
  | { outcome: 'uploaded' | 'skipped'; trackId: string }
  | { outcome: 'failed'; code: string; reason: string }

export type UploadDeps = {
  segue: Segue
  journal: Journal
  /** The account's tracks; new ones are added. */
  known: Set<string>
  signal: AbortSignal
  onBytes: (file: Candidate, bytesSent: number) => void
  onOutcome: (file: Candidate, outcome: Outcome) => void
}

/** Uploads files, several at once; a file that fails does not stop the others. */
export async function uploadAll(deps: UploadDeps, files: Candidate[], concurrency: number): Promise<void> {
  const queue = files.values()
  const running = new Map<string, Promise<Outcome>>()
  const work = async () => {
    for (const file of queue) {
      deps.signal.throwIfAborted()
      deps.onOutcome(file, await uploadOne(deps, file, running))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

async function uploadOne(
  deps: UploadDeps,
  file: Candidate,
  running: Map<string, Promise<Outcome>>,
): Promise<Outcome> {
  const unchanged = deps.journal.findUnchanged(file)
  if (unchanged && deps.known.has(unchanged.trackId))
    return { outcome: 'skipped', trackId: unchanged.trackId }
  try {
    return await withTextPath(file.path, (path) => uploadContent(deps, file, path, running))
  } catch (error) {
    deps.signal.throwIfAborted()
    return failureOf(error)
  }
}

async function uploadContent(
  deps: UploadDeps,
  file: Candidate,
  path: string,
  running: Map<string, Promise<Outcome>>,
): Promise<Outcome> {
  const sha256 = await sha256Of(path, deps.signal)
  // Two files of one content: the second one waits for what becomes of the first.
  const first = await running.get(sha256)
  if (first?.outcome === 'uploaded' || first?.outcome === 'skipped') {
    await deps.journal.noteTrack(file, sha256, first.trackId)
    return { outcome: 'skipped', trackId: first.trackId }
  }
  const sending = sendUnlessKnown(deps, file, path, sha256)
  running.set(sha256, sending)
  return await sending
}

async function sendUnlessKnown(
  deps: UploadDeps,
  file: Candidate,
  path: string,
  sha256: string,
): Promise<Outcome> {
  const { segue, journal, known, signal } = deps
  const same = journal.findContent(sha256)
  if (same && known.has(same.trackId)) {
    await journal.noteTrack(file, sha256, same.trackId)
    return { outcome: 'skipped', trackId: same.trackId }
  }
  const source = { ...(await fileSource(path, `sha256:${sha256}`)), name: basename(file.shown) }
  const { trackId } = await uploadFile(segue, source, {
    signal,
    urls: journal.uploadUrls,
    onProgress: (bytesSent) => deps.onBytes(file, bytesSent),
  })
  const isNew = !known.has(trackId)
  known.add(trackId)
  await journal.noteTrack(file, sha256, trackId)
  return { outcome: isNew ? 'uploaded' : 'skipped', trackId }
}

/** An error in words for the table. */
function failureOf(error: unknown): Outcome {
  if (isSegueError(error)) {
    const detail = error.errors[0]?.detail ?? error.detail
    return { outcome: 'failed', code: error.code, reason: detail }
  }
  if (error instanceof UploadFailedError)
    return { outcome: 'failed', code: error.code, reason: error.message }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR'].includes(code))
    return { outcome: 'failed', code: 'unreadable', reason: `The file cannot be read (${code}).` }
  return { outcome: 'failed', code: 'connection', reason: `The connection broke: ${causeOf(error)}.` }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
