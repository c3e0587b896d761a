/**
 * Runs tasks side by side. When one fails, the others are aborted and waited for before the failure is passed on, so
 * that nothing still writes into a folder that is about to go.
 */
export async function runTogether<T extends unknown[]>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => { [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const siblings = new AbortController()
  const tasks = start(AbortSignal.any([signal, siblings.signal]))
  try {
    return await Promise.all(tasks)
  } catch (error) {
    siblings.abort(error)
    await Promise.allSettled(tasks)
    throw error
  }
}
