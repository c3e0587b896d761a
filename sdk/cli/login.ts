import { readArguments, UsageError } from './arguments.ts'
import { readCredentials } from './config.ts'
import { anonymous, connect, forget, remember, serverOf } from './connect.ts'
import { ask } from './prompt.ts'
import { printJson, type Terminal } from './terminal.ts'
import { clean, table } from './text.ts'

/** `segue login [--email E]`: the password comes from SEGUE_PASSWORD or is asked for. */
export async function login(args: string[], terminal: Terminal): Promise<number> {
  const { values } = readArguments(args, { email: { type: 'string' } }, [])
  const server = await serverOf(terminal.env, values.server)
  const email = values.email ?? (await askOr('Email: ', false, '--email', terminal))
  const password =
    terminal.env.SEGUE_PASSWORD ?? (await askOr('Password: ', true, 'the variable SEGUE_PASSWORD', terminal))
  const segue = anonymous(server)
  const user = await segue.signIn({ email, password })
  if (segue.tokens) await remember(terminal.env, server, user, segue.tokens)
  if (values.json) printJson(terminal, { server, user })
  else terminal.out(`Signed in to ${server} as ${clean(user.displayName)} (${clean(user.role)}).`)
  return 0
}

async function askOr(
  question: string,
  isSecret: boolean,
  otherwise: string,
  terminal: Terminal,
): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(`There is no terminal to ask on: give ${otherwise}.`)
  return ask(question, isSecret, terminal.signal)
}

/** `segue logout`: ends the sign-in on the server and forgets it here. */
export async function logout(args: string[], terminal: Terminal): Promise<number> {
  const { values } = readArguments(args, {}, [])
  const server = await serverOf(terminal.env, values.server)
  const isSignedIn = (await readCredentials(terminal.env)).accounts[server] !== undefined
  if (isSignedIn) {
    const segue = await connect(terminal.env, server)
    try {
      await segue.signOut()
    } finally {
      await forget(terminal.env, server)
    }
  }
  if (values.json) printJson(terminal, { server, wasSignedIn: isSignedIn })
  else terminal.out(isSignedIn ? `Signed out of ${server}.` : `Nobody was signed in to ${server}.`)
  return 0
}

/** `segue whoami`: the account as it stands now. */
export async function whoami(args: string[], terminal: Terminal): Promise<number> {
  const { values } = readArguments(args, {}, [])
  const server = await serverOf(terminal.env, values.server)
  const user = await (await connect(terminal.env, server)).getMe()
  if (values.json) printJson(terminal, { server, user })
  else {
    const rows = [
      ['EMAIL', user.email],
      ['ROLE', user.role],
      ['TIER', user.tier],
      ['ACCOUNT', user.id],
      ['SERVER', server],
    ]
    terminal.out(table(['NAME', user.displayName], rows))
  }
  return 0
}
