const FIRST_DELAY_MS = 300
const LONGEST_DELAY_MS = 10_000
/** A service that asks for more than this is not waited for. */
const LONGEST_RETRY_AFTER_S = 30

/**
 * How long to wait before the next try: exponential, of which half is left to chance, or what the service asked for and
 * a little more.
 * @param attempt how many tries have failed before this one, from 0
 * @param random gives [0, 1)
 * @returns milliseconds, or null where waiting is not worth it
 */
export function retryDelayMs(
  attempt: number,
  retryAfterSeconds: number | null,
  random: () => number = Math.random,
): number | null {
  if (retryAfterSeconds === null)
    return Math.round((0.5 + random() / 2) * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt))
  if (retryAfterSeconds > LONGEST_RETRY_AFTER_S) return null
  return retryAfterSeconds * 1000 + Math.round(random() * FIRST_DELAY_MS)
}

/** Resolves after a time in milliseconds; rejects with the signal's reason as soon as that fires. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
