import { isSegueError, readSegueError, retryAfterSeconds } from './errors.ts'
import { retryDelayMs, sleep } from './retry.ts'
import type { Session } from './session.ts'

/** `fetch`, or anything that answers a request the same way. */
export type Fetch = (request: Request) => Promise<Response>

/** A request that can be sent more than once. */
export type Call = {
  request: Request
  /** Its body: what `request` holds can be read only once. */
  body: BodyInit | null
  /** Whether sending it twice does no more than sending it once. */
  isRepeatable: boolean
}

export type TransportOptions = {
  fetch: Fetch
  /** How often a repeatable call is tried again. */
  retries: number
}

const BOOKMARK_HEADER = 'x-segue-bookmark'
const NEW_TOKEN_HELPS: readonly string[] = ['token_expired', 'invalid_token']

/** Sends calls: with the newest tokens and bookmark, and again where that is safe and of use. */
export class Transport {
  #bookmark = ''
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** @returns the answer, whatever its status; rejects as `fetch` does */
  async send(call: Call, session?: Session): Promise<Response> {
    const retries = call.isRepeatable && !isStream(call.body) ? this.#options.retries : 0
    for (let attempt = 0; ; attempt++) {
      const isLast = attempt >= retries
      const response = await this.#sendSignedIn(call, session).catch((error: unknown) => {
        // A refusal comes from the token exchange, which has had its own tries.
        if (isLast || call.request.signal.aborted || isSegueError(error)) throw error
        return null
      })
      if (response && (isLast || !(await isWorthRetrying(response)))) return response
      const delayMs = retryDelayMs(attempt, response && retryAfterSeconds(response))
      if (response && delayMs === null) return response
      await response?.body?.cancel()
      await sleep(delayMs ?? 0, call.request.signal)
    }
  }

  /** Sends it once, and once more with new tokens where the service wants those. */
  async #sendSignedIn(call: Call, session?: Session): Promise<Response> {
    const token = await session?.accessToken()
    const response = await this.#sendOnce(call, token)
    if (response.status !== 401 || !session || token === undefined || isStream(call.body)) return response
    const { code } = await readSegueError(response)
    if (!NEW_TOKEN_HELPS.includes(code) || !(await session.renew(token))) return response
    await response.body?.cancel()
    return this.#sendOnce(call, await session.accessToken())
  }

  async #sendOnce(call: Call, accessToken: string | undefined): Promise<Response> {
    const headers = new Headers(call.request.headers)
    if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`)
    if (this.#bookmark !== '') headers.set(BOOKMARK_HEADER, this.#bookmark)
    const body = call.body === null ? {} : { body: call.body, duplex: 'half' }
    const response = await this.#options.fetch(new Request(call.request, { headers, ...body }))
    const bookmark = response.headers.get(BOOKMARK_HEADER) ?? ''
    // Bookmarks sort as text; of parallel answers the latest state counts.
    if (bookmark > this.#bookmark) this.#bookmark = bookmark
    return response
  }
}

async function isWorthRetrying(response: Response): Promise<boolean> {
  if (response.status === 429 || response.status === 503) return true
  return response.status === 409 && (await readSegueError(response)).code === 'idempotency_in_progress'
}

function isStream(body: BodyInit | null): boolean {
  return body instanceof ReadableStream
}
