import { exports } from 'cloudflare:workers'

export const ORIGIN = 'https://segue.test'

/** Sends a request to the Worker; `body` goes as JSON. */
export function send(
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  return exports.default.fetch(`${ORIGIN}${path}`, { method, headers: { ...type, ...headers }, ...json })
}

/** The code of a problem document. */
export async function codeOf(response: Response): Promise<string> {
  return (await response.json<{ code: string }>()).code
}
