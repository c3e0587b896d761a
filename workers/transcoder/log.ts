/** One JSON line on stdout. Never pass a token, a URL or a path. */
export function log(event: string, fields: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
}
