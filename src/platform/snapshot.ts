/**
 * Small values that every media request looks at, read through isolate memory and the Cache API. A value is at most
 * `maxAgeMs` old in total, wherever it was kept: its age counts from the moment it was read at its source.
 */
export type Snapshot<T> = { get: (deps: SnapshotDeps<T>, name: string, nowMs: number) => Promise<T> }

export type SnapshotDeps<T> = {
  cache: Cache
  waitUntil: (promise: Promise<unknown>) => void
  /** Reads the value at its source. */
  load: () => Promise<T>
}

type Kept<T> = { value: T; readAt: number }

/** How much JSON an isolate keeps of one kind, in characters: parsed it takes several times as much of the 128 MB. */
const MEMORY_CHARACTERS = 4_000_000
const CACHE_ORIGIN = 'https://snapshots.segue.internal/'

/**
 * @param kind part of the cache's key
 * @param parse checks a value that comes back from the cache
 */
export function snapshotOf<T>(kind: string, maxAgeMs: number, parse: (value: unknown) => T): Snapshot<T> {
  const memory = new Map<string, Kept<T>>()
  let characters = 0

  return {
    async get(deps, name, nowMs) {
      const kept = memory.get(name)
      // Requests do not wait for each other's loads: one that is cut off would take the others with it.
      return kept && isFresh(kept, nowMs) ? kept.value : refresh(deps, name, nowMs)
    },
  }

  async function refresh(deps: SnapshotDeps<T>, name: string, nowMs: number): Promise<T> {
    const key = `${CACHE_ORIGIN}${kind}/${encodeURIComponent(name)}`
    const cached = await (await deps.cache.match(key))?.text()
    if (cached !== undefined) {
      const { value, readAt }: { value: unknown; readAt: number } = JSON.parse(cached)
      if (isFresh({ readAt }, nowMs)) return keep(name, { value: parse(value), readAt }, cached.length).value
    }
    const value = await deps.load()
    // Nothing is not kept: what is not there yet shall be found as soon as it is.
    if (value === null) return value
    const text = JSON.stringify({ value, readAt: nowMs })
    const headers = {
      'content-type': 'application/json',
      'cache-control': `public, max-age=${Math.ceil(maxAgeMs / 1000)}`,
    }
    deps.waitUntil(deps.cache.put(key, new Response(text, { headers })))
    return keep(name, { value, readAt: nowMs }, text.length).value
  }

  function keep(name: string, kept: Kept<T>, length: number): Kept<T> {
    if (characters + length > MEMORY_CHARACTERS) {
      memory.clear()
      characters = 0
    }
    characters += length
    memory.set(name, kept)
    return kept
  }

  function isFresh(kept: { readAt: number }, nowMs: number): boolean {
    return nowMs - kept.readAt < maxAgeMs
  }
}
