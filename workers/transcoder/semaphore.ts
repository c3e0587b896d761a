/** Runs a task when one of the permits is free, in order of arrival. */
export type Semaphore = <T>(signal: AbortSignal, task: () => Promise<T>) => Promise<T>

/** @param permits how many tasks may run at a time. A waiting task whose signal aborts leaves the queue. */
export function createSemaphore(permits: number): Semaphore {
  let free = permits
  const waiting = new Set<() => void>()

  const acquire = (signal: AbortSignal) => {
    signal.throwIfAborted()
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => {
        waiting.delete(enter)
        signal.removeEventListener('abort', leave)
        act()
      }
      const enter = () => settle(resolve)
      const leave = () => settle(() => reject(signal.reason))
      waiting.add(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
  const release = () => {
    const [next] = waiting
    if (next) next()
    else free += 1
  }

  return async (signal, task) => {
    await acquire(signal)
    try {
      return await task()
    } finally {
      release()
    }
  }
}
