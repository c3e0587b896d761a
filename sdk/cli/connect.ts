import { createSegue, type Segue } from '../client.ts'
import type { User } from '../generated/types.gen.ts'
import type { Tokens } from '../session.ts'
import { UsageError } from './arguments.ts'
import { changeCredentials, DEFAULT_SERVER, readCredentials } from './config.ts'

/** Nobody is signed in to the server. */
export class SignedOutError extends Error {
  override readonly name = 'SignedOutError'
}

/** For somebody who waits for the answer: two seconds or so. */
const RETRIES = 3

/** The address of `--server`, else of the last sign-in, else of a service on this machine. */
export async function serverOf(env: NodeJS.ProcessEnv, option: string | undefined): Promise<string> {
  const text = option ?? (await readCredentials(env)).server ?? DEFAULT_SERVER
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.search || url.hash)
    throw new UsageError('--server takes an address such as https://music.example.')
  return url.href.replace(/\/+$/, '')
}

/** A client for somebody who has yet to sign in. */
export function anonymous(server: string): Segue {
  return createSegue({ baseUrl: server, retries: RETRIES })
}

/**
 * A client of the account that is signed in; what it refreshes is stored for the next command.
 * @param retries how often calls are tried again
 * @throws SignedOutError
 */
export async function connect(env: NodeJS.ProcessEnv, server: string, retries = RETRIES): Promise<Segue> {
  const account = (await readCredentials(env)).accounts[server]
  if (!account) throw new SignedOutError(`Nobody is signed in to ${server}. Run: segue login`)
  return createSegue({
    baseUrl: server,
    retries,
    tokens: account.tokens,
    onTokens: (tokens) => (tokens ? storeTokens(env, server, tokens) : forget(env, server)),
    readTokens: async () => (await readCredentials(env)).accounts[server]?.tokens ?? null,
  })
}

export async function remember(env: NodeJS.ProcessEnv, server: string, user: User, tokens: Tokens) {
  await changeCredentials(env, ({ accounts }) => ({
    server,
    accounts: { ...accounts, [server]: { accountId: user.id, email: user.email, tokens } },
  }))
}

export async function forget(env: NodeJS.ProcessEnv, server: string): Promise<void> {
  await changeCredentials(env, (credentials) => {
    const { [server]: _, ...accounts } = credentials.accounts
    return { ...credentials, accounts }
  })
}

async function storeTokens(env: NodeJS.ProcessEnv, server: string, tokens: Tokens): Promise<void> {
  await changeCredentials(env, (credentials) => {
    const account = credentials.accounts[server]
    if (!account) return credentials
    return { ...credentials, accounts: { ...credentials.accounts, [server]: { ...account, tokens } } }
  })
}
