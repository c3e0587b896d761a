const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const
export type LogLevel = keyof typeof LEVELS
export const LOG_LEVELS = Object.keys(LEVELS) as [LogLevel, ...LogLevel[]]

let threshold: number = LEVELS.info

/** Sets the least level that is written, for this isolate. */
export function setLogLevel(level: LogLevel): void {
  threshold = LEVELS[level]
}

/**
 * Writes one JSON line. Fields are ids, codes, counts and durations: never a token, a URL with a
 * capability in it, a password, an email or a network address.
 */
export function log(level: LogLevel, event: string, fields: Record<string, unknown> = {}): void {
  if (LEVELS[level] < threshold) return
  console.log(JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }))
}

/**
 * What of an unknown error may stand in a log line. A failed query's message ends in its parameters, which are people's
 * data: they are cut off, there and in the stack.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) }
  const { message, stack, cause } = error
  const [safe = ''] = message.split('\nparams: ')
  return {
    error: safe,
    stack: stack?.replace(message, () => safe),
    ...(cause ? { cause: cause instanceof Error ? errorFields(cause).error : String(cause) } : {}),
  }
}
