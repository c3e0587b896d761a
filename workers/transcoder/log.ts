export type Log = (event: string, fields: Record<string, unknown>) => void

/** One JSON line on stdout. Never pass a token, a URL or a path. */
export const log: Log = (event, fields) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
}
