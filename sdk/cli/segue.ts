#!/usr/bin/env node
import { isSegueError } from '../errors.ts'
import { UsageError } from './arguments.ts'
import { SignedOutError } from './connect.ts'
import { importFolder } from './import/import.ts'
import { login, logout, whoami } from './login.ts'
import { play } from './play.ts'
import { printJson, processTerminal, type Terminal } from './terminal.ts'
import { clean } from './text.ts'
import { tracks } from './tracks.ts'

const USAGE = `Usage: segue COMMAND

  login [--email EMAIL]          sign in; the password is asked for, or taken from SEGUE_PASSWORD
  logout                         sign out
  whoami                         who is signed in
  import DIR [--concurrency 4] [--no-wait]
                                 upload the audio files below a folder and wait until they can be played;
                                 run it again to go on, or to add what is new
  tracks [--mine] [--status queued|processing|ready|failed] [--limit 50 | --all]
                                 list tracks
  play TRACK [--quality low|normal|high|lossless] [--url]
                                 play a track with ffplay or mpv, or print its URL

  --server URL                   which service; the one of the last sign-in unless given
  --json                         answer in JSON; import answers a line an event

Exit codes: 0 all went well, 1 something failed, 2 the command was called wrongly, 130 stopped by Ctrl-C.
`

const COMMANDS: Record<string, (args: string[], terminal: Terminal) => Promise<number>> = {
  login,
  logout,
  whoami,
  import: importFolder,
  tracks,
  play,
}

const INTERRUPTED = 130

async function main(args: string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = args
  const isJson = args.includes('--json')
  if (['help', '--help', '-h'].includes(name) || rest.includes('--help') || rest.includes('-h')) {
    terminal.out(USAGE)
    return 0
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (!command)
      throw new UsageError(name === '' ? 'A command is missing.' : `There is no command “${name}”.`)
    return await command(rest, terminal)
  } catch (error) {
    if (terminal.signal.aborted) return stopped(terminal, isJson)
    return refuse(error, terminal, isJson)
  }
}

function stopped(terminal: Terminal, isJson: boolean): number {
  if (isJson) printJson(terminal, { event: 'stopped', exitCode: INTERRUPTED })
  else terminal.err('Stopped. Run the same command again to go on.')
  return INTERRUPTED
}

function refuse(error: unknown, terminal: Terminal, isJson: boolean): number {
  const { code, message, exitCode } = describe(error)
  const requestId = isSegueError(error) ? error.requestId : null
  if (isJson) printJson(terminal, { error: { code, message, requestId }, exitCode })
  else {
    terminal.err(`segue: ${clean(message)}`)
    if (error instanceof UsageError) terminal.err('Run segue --help to see how it is called.')
  }
  return exitCode
}

function describe(error: unknown): { code: string; message: string; exitCode: number } {
  if (error instanceof UsageError) return { code: 'usage', message: error.message, exitCode: 2 }
  if (error instanceof SignedOutError) return { code: 'signed_out', message: error.message, exitCode: 1 }
  if (isSegueError(error, 'invalid_token'))
    return { code: error.code, message: 'The sign-in has ended. Run: segue login', exitCode: 1 }
  if (isSegueError(error)) return { code: error.code, message: error.detail, exitCode: 1 }
  if (error instanceof TypeError && error.message === 'fetch failed') {
    const cause = error.cause instanceof Error ? error.cause.message || error.cause.name : ''
    return { code: 'connection', message: `The server cannot be reached. ${cause}`.trim(), exitCode: 1 }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'error', message, exitCode: 1 }
}

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever presses twice does not want to wait.
    if (interrupt.signal.aborted) process.exit(INTERRUPTED)
    interrupt.abort(new Error('Stopped.'))
  })
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has seen enough.
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await main(process.argv.slice(2), processTerminal(interrupt.signal))
