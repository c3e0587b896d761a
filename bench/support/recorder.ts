import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { findExecutable } from '../../workers/transcoder/ffmpeg.ts'
import { ffmpegPath } from './music.ts'

/** One program that a job ran: from when to when, in epoch milliseconds. */
const commandSchema = z.object({
  program: z.string(),
  args: z.array(z.string()),
  startedAt: z.number(),
  endedAt: z.number(),
  exitCode: z.number(),
})
export type Command = z.infer<typeof commandSchema>

export type Recorder = {
  /** What makes a transcoder run its programs by way of the recorder. */
  transcoderEnv: Record<string, string>
  /** The commands of the one job that has run, with `{folder}` for the folder that it worked in. */
  commands: () => Command[]
}

/**
 * Writes down with which arguments a transcoder runs ffmpeg and fpcalc, so that they can be run again without it and
 * never drift from what it does.
 */
export async function createRecorder(folder: string): Promise<Recorder> {
  const log = join(folder, 'commands.ndjson')
  const wrap = (name: string, program: string) => {
    const path = join(folder, name)
    writeFileSync(path, recorderScript(program, log))
    chmodSync(path, 0o755)
    return path
  }
  const fpcalc = findExecutable(process.env.FPCALC_PATH ?? 'fpcalc', process.env.PATH ?? '')
  return {
    transcoderEnv: {
      FFMPEG_PATH: wrap('recorded-ffmpeg', await ffmpegPath()),
      ...(fpcalc ? { FPCALC_PATH: wrap('recorded-fpcalc', fpcalc) } : {}),
    },
    commands: () => readCommands(log),
  }
}

function recorderScript(program: string, log: string): string {
  return `#!${process.execPath}
const { spawnSync } = require('node:child_process')
const { appendFileSync } = require('node:fs')
const [program, args, startedAt] = [${JSON.stringify(program)}, process.argv.slice(2), Date.now()]
const { status } = spawnSync(program, args, { stdio: [0, 1, 2, 3] })
const exitCode = status ?? 1
const line = JSON.stringify({ program, args, startedAt, endedAt: Date.now(), exitCode })
appendFileSync(${JSON.stringify(log)}, line + '\\n')
process.exit(exitCode)
`
}

const JOB_FOLDER = /(\/[^ ]*\/job-\d+-\w+)\//

function readCommands(log: string): Command[] {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  const commands = lines
    .map((line) => commandSchema.parse(JSON.parse(line)))
    // The transcoder asks for versions and codecs as well, when it starts.
    .filter(({ args }) => args.some((argument) => JOB_FOLDER.test(argument)))
    .toSorted((a, b) => a.startedAt - b.startedAt)
  if (commands.length === 0) throw new Error('the transcoder ran no command')
  return commands.map((command) => ({ ...command, args: command.args.map(withoutFolder) }))
}

function withoutFolder(argument: string): string {
  return argument.replace(JOB_FOLDER, '{folder}/')
}
