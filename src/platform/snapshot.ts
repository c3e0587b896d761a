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

const MEMORY_ENTRIES = 500
const CACHE_ORIGIN = 'https://snapshots.segue.internal/'

/**
 * @param kind part of the cache's key
 * @param parse checks a value that comes back from the cache
 */
export function snapshotOf<T>(kind: string, maxAgeMs: number, parse: (value: unknown) => T): Snapshot<T> {
  const memory = new Map<string, Kept<T>>()

  return {
    async get(deps, name, nowMs) {
      const kept = memory.get(name)
      // Requests do not wait for each other's loads: one that is cut off would take the others with it.
      return kept && isFresh(kept, nowMs) ? kept.value : refresh(deps, name, nowMs)
    },
  }

  async function refresh(deps: SnapshotDeps<T>, name: string, nowMs: number): Promise<T> {
    const key = `${CACHE_ORIGIN}${kind}/${encodeURIComponent(name)}`
    const cached = await fromCache(deps.cache, key)
    if (cached && isFresh(cached, nowMs)) return keep(name, cached).value
    const value = await deps.load()
    // Nothing is not kept: what is not there yet shall be found as soon as it is.
    if (value === null) return value
    const kept = keep(name, { value, readAt: nowMs })
    const headers = { 'cache-control': `public, max-age=${Math.ceil(maxAgeMs / 1000)}` }
    deps.waitUntil(deps.cache.put(key, Response.json(kept, { headers })))
    return kept.value
  }

  async function fromCache(cache: Cache, key: string): Promise<Kept<T> | null> {
    const response = await cache.match(key)
    if (!response) return null
    const { value, readAt } = await response.json<{ value: unknown; readAt: number }>()
    return { value: parse(value), readAt }
  }

  function keep(name: string, kept: Kept<T>): Kept<T> {
    if (memory.size >= MEMORY_ENTRIES) memory.clear()
    memory.set(name, kept)
    return kept
  }

  function isFresh(kept: Kept<T>, nowMs: number): boolean {
    return nowMs - kept.readAt < maxAgeMs
  }
}
