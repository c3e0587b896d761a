import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { UploadUrls } from '../../upload-urls.ts'
import type { LocalPath } from './local-path.ts'
import type { Candidate } from './walk.ts'

const trackEntry = z.object({
  kind: z.literal('track'),
  path: z.string(),
  bytes: z.number(),
  mtimeMs: z.number(),
  sha256: z.string(),
  trackId: z.string(),
})
const uploadEntry = z.object({
  kind: z.literal('upload'),
  fingerprint: z.string(),
  /** Null once it has ended. */
  url: z.string().nullable(),
})
const entrySchema = z.discriminatedUnion('kind', [trackEntry, uploadEntry])
type Entry = z.infer<typeof entrySchema>
type TrackEntry = z.infer<typeof trackEntry>

/** A file is written anew when it has this many lines for each that still says something. */
const COMPACT_AT = 3

/**
 * What earlier imports have done, as lines of a file to which each step is added at once: ending the process at any
 * point loses nothing, and a last line that was cut is passed over.
 */
export class Journal {
  readonly #file: string
  readonly #byPath = new Map<string, TrackEntry>()
  readonly #byHash = new Map<string, TrackEntry>()
  readonly #urls = new Map<string, string>()
  #writes: Promise<void> = Promise.resolve()

  private constructor(file: string) {
    this.#file = file
  }

  static async open(file: string): Promise<Journal> {
    const journal = new Journal(file)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const lines = text.split('\n').slice(0, -1)
    for (const line of lines) journal.#take(readLine(line))
    const isCut = text !== '' && !text.endsWith('\n')
    if (isCut || lines.length > COMPACT_AT * (journal.#entries().length + 10)) await journal.#compact()
    return journal
  }

  /** The track of a file that is as it was when it was uploaded. */
  findUnchanged({ path, bytes, mtimeMs }: Candidate): TrackEntry | null {
    const entry = this.#byPath.get(keyOf(path))
    return entry && entry.bytes === bytes && entry.mtimeMs === mtimeMs ? entry : null
  }

  /** The track of a content, under whatever name it was uploaded. */
  findContent(sha256: string): TrackEntry | null {
    return this.#byHash.get(sha256) ?? null
  }

  async noteTrack({ path, bytes, mtimeMs }: Candidate, sha256: string, trackId: string): Promise<void> {
    await this.#add({ kind: 'track', path: keyOf(path), bytes, mtimeMs, sha256, trackId })
  }

  /** The addresses of unfinished uploads. */
  get uploadUrls(): UploadUrls {
    return {
      get: (fingerprint) => this.#urls.get(fingerprint) ?? null,
      set: async (fingerprint, url) => {
        if (this.#urls.get(fingerprint) !== url) await this.#add({ kind: 'upload', fingerprint, url })
      },
      delete: async (fingerprint) => {
        if (this.#urls.has(fingerprint)) await this.#add({ kind: 'upload', fingerprint, url: null })
      },
    }
  }

  #take(entry: Entry | null): void {
    if (entry?.kind === 'track') {
      this.#byPath.set(entry.path, entry)
      this.#byHash.set(entry.sha256, entry)
    } else if (entry?.url) this.#urls.set(entry.fingerprint, entry.url)
    else if (entry) this.#urls.delete(entry.fingerprint)
  }

  async #add(entry: Entry): Promise<void> {
    this.#take(entry)
    this.#writes = this.#writes.then(() =>
      appendFile(this.#file, `${JSON.stringify(entry)}\n`, { mode: 0o600 }),
    )
    await this.#writes
  }

  #entries(): Entry[] {
    const uploads = [...this.#urls].map(([fingerprint, url]) => ({
      kind: 'upload' as const,
      fingerprint,
      url,
    }))
    return [...this.#byPath.values(), ...uploads]
  }

  async #compact(): Promise<void> {
    const temporary = `${this.#file}.${process.pid}.tmp`
    const text = this.#entries()
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join('')
    await writeFile(temporary, text, { mode: 0o600 })
    await rename(temporary, this.#file)
  }
}

/** Bytes go by their hex digits: in replacement characters, two files would be one. */
function keyOf(path: LocalPath): string {
  return typeof path === 'string' ? path : `bytes:${path.toString('hex')}`
}

function readLine(line: string): Entry | null {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
