import { isSegueError } from './errors.ts'
import type { AuthSession } from './generated/types.gen.ts'

/** What a sign-in is made of. Keep both secret. */
export type Tokens = {
  accessToken: string
  /** Without one, calls fail once the access token has expired. */
  refreshToken?: string | undefined
  /** When the access token expires, in epoch milliseconds by this machine's clock, where it is known. */
  expiresAt?: number | undefined
}

export type SessionOptions = {
  tokens?: Tokens | null | undefined
  /** Hears of every change, to store it: the next tokens, or null once the sign-in has ended. */
  onTokens?: ((tokens: Tokens | null) => void | Promise<void>) | undefined
  /** Where several processes share one sign-in: reads what is stored, in case another one has refreshed it. */
  readTokens?: (() => Tokens | null | Promise<Tokens | null>) | undefined
}

/** An access token that expires this soon is exchanged before it is used. */
const EARLY_MS = 30_000

export function tokensOf(session: AuthSession): Tokens & { refreshToken: string } {
  const { accessToken, refreshToken, expiresIn } = session
  return { accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 }
}

/** The tokens of one client. However many calls find them expired, they are exchanged once. */
export class Session {
  #tokens: Tokens | null
  #refreshing: Promise<void> | null = null
  readonly #options: SessionOptions
  readonly #exchange: (refreshToken: string) => Promise<AuthSession>

  /** @param exchange calls `POST /v1/auth/refresh`; throws SegueError where the service refuses */
  constructor(options: SessionOptions, exchange: (refreshToken: string) => Promise<AuthSession>) {
    this.#tokens = options.tokens ?? null
    this.#options = options
    this.#exchange = exchange
  }

  get tokens(): Tokens | null {
    return this.#tokens
  }

  async set(tokens: Tokens | null): Promise<void> {
    this.#tokens = tokens
    await this.#options.onTokens?.(tokens)
  }

  /** An access token that is good for some time still; undefined where nobody is signed in. */
  async accessToken(): Promise<string | undefined> {
    const tokens = this.#tokens
    if (tokens?.expiresAt !== undefined && tokens.expiresAt - EARLY_MS < Date.now())
      await this.renew(tokens.accessToken)
    return this.#tokens?.accessToken
  }

  /**
   * Exchanges the tokens after the service has refused `rejected`, unless that has happened meanwhile.
   * @returns whether there is another access token now
   * @throws SegueError where the sign-in has ended
   */
  async renew(rejected: string): Promise<boolean> {
    if (this.#tokens?.accessToken === rejected) {
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = null
      })
      await this.#refreshing
    }
    return this.#tokens !== null && this.#tokens.accessToken !== rejected
  }

  async #refresh(): Promise<void> {
    if (await this.#adoptStored()) return
    const refreshToken = this.#tokens?.refreshToken
    if (refreshToken === undefined) return
    try {
      await this.set(tokensOf(await this.#exchange(refreshToken)))
    } catch (error) {
      if (!isSegueError(error, 'invalid_token') || (await this.#adoptStored())) throw error
      await this.set(null)
      throw error
    }
  }

  /** Takes over what another process has stored; a spent refresh token shown late would end the sign-in. */
  async #adoptStored(): Promise<boolean> {
    const stored = await this.#options.readTokens?.()
    if (!stored || stored.refreshToken === this.#tokens?.refreshToken) return false
    this.#tokens = stored
    return true
  }
}
