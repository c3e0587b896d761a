import { readSegueError, toSegueError } from './errors.ts'
import { type Client, createClient } from './generated/client/index.ts'
import { IDEMPOTENT_OPERATIONS } from './generated/idempotent.gen.ts'
import { SegueApi } from './generated/sdk.gen.ts'
import type { AuthSession, LogInData, User } from './generated/types.gen.ts'
import { Session, type SessionOptions, type Tokens, tokensOf } from './session.ts'
import { type Fetch, Transport } from './transport.ts'

export type SegueOptions = SessionOptions & {
  /** Where the service is, such as `https://music.example`. */
  baseUrl: string
  /** Instead of the platform's. */
  fetch?: Fetch | undefined
  /** How often calls that may be repeated are tried again after 429, 503 and lost connections; 3 unless told. */
  retries?: number | undefined
}

const REPEATABLE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']
const DEFAULT_RETRIES = 3

/** Makes a client of one service, for one account at a time. */
export function createSegue(options: SegueOptions): Segue {
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const transport = new Transport({
    fetch: options.fetch ?? ((request) => fetch(request)),
    retries: options.retries ?? DEFAULT_RETRIES,
  })
  const session = new Session(options, (refreshToken) => exchange(transport, baseUrl, refreshToken))
  return new Segue(baseUrl, transport, session)
}

/** Every operation of the service as a method that gives its data, and throws SegueError where it is refused. */
export class Segue extends SegueApi {
  readonly baseUrl: string
  readonly #transport: Transport
  readonly #session: Session

  constructor(baseUrl: string, transport: Transport, session: Session) {
    super({ client: boundClient(baseUrl, transport, session) })
    this.baseUrl = baseUrl
    this.#transport = transport
    this.#session = session
  }

  /** The newest tokens; null where nobody is signed in. */
  get tokens(): Tokens | null {
    return this.#session.tokens
  }

  /** Signs in; later calls are made as this account. */
  async signIn(credentials: LogInData['body']): Promise<User> {
    return this.adopt(await this.logIn({ body: credentials }))
  }

  /** Goes on with what `signUp`, `logIn` or `refreshTokens` answered. */
  async adopt(session: AuthSession): Promise<User> {
    await this.#session.set(tokensOf(session))
    return session.user
  }

  /** Ends the sign-in on the service, and here whether that succeeds or not. */
  async signOut(): Promise<void> {
    const refreshToken = this.tokens?.refreshToken
    await this.#session.set(null)
    if (refreshToken !== undefined) await this.logOut({ body: { refreshToken } })
  }

  /**
   * An access token that is good for half a minute at least; undefined where nobody is signed in.
   * @param rejected one that the service has refused
   */
  async accessToken(rejected?: string): Promise<string | undefined> {
    if (rejected !== undefined) await this.#session.renew(rejected)
    return this.#session.accessToken()
  }

  /** Any path of the service, with tokens, bookmark and retries, answered as it is whatever its status. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { body = null, ...rest } = init
    const request = new Request(this.baseUrl + path, rest)
    const isRepeatable = REPEATABLE_METHODS.includes(request.method) || request.headers.has('idempotency-key')
    const withType = body === null ? request : new Request(request, { body, ...halfDuplex })
    return this.#transport.send({ request: withType, body, isRepeatable }, this.#session)
  }
}

/** Fetch wants this where a body is a stream, and minds it nowhere. */
const halfDuplex: object = { duplex: 'half' }

/** The generated client, sending through the transport and throwing SegueError. */
function boundClient(baseUrl: string, transport: Transport, session: Session): Client {
  type Sent = { body: BodyInit | null; isRepeatable: boolean; isPublic: boolean }
  const sent = new WeakMap<Request, Sent>()
  const client = createClient({
    baseUrl,
    throwOnError: true,
    fetch: async (input, init) => {
      const request = input instanceof Request ? input : new Request(input, init)
      const { isPublic, ...call } = sent.get(request) ?? { body: null, isRepeatable: false, isPublic: true }
      return transport.send({ request, ...call }, isPublic ? undefined : session)
    },
  })
  client.interceptors.request.use((request, options) => {
    const isIdempotent = IDEMPOTENT_OPERATIONS.has(`${request.method} ${options.url}`)
    if (isIdempotent && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', crypto.randomUUID())
    sent.set(request, {
      body: (options.serializedBody ?? options.body ?? null) as BodyInit | null,
      isRepeatable: isIdempotent || REPEATABLE_METHODS.includes(request.method),
      isPublic: options.security === undefined,
    })
    return request
  })
  client.interceptors.error.use((error, response) =>
    response && !response.ok ? toSegueError(response, error) : error,
  )
  return client
}

async function exchange(transport: Transport, baseUrl: string, refreshToken: string): Promise<AuthSession> {
  const body = JSON.stringify({ refreshToken })
  const request = new Request(`${baseUrl}/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  // Repeatable: a spent token gives the same successor for 30 seconds.
  const response = await transport.send({ request, body, isRepeatable: true })
  if (!response.ok) throw await readSegueError(response)
  return response.json()
}
