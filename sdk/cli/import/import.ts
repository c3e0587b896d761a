import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Segue } from '../../client.ts'
import { eachItem } from '../../pages.ts'
import { readArguments, UsageError, wholeNumber } from '../arguments.ts'
import { importJournalFile } from '../config.ts'
import { connect, serverOf } from '../connect.ts'
import type { Terminal } from '../terminal.ts'
import { Journal } from './journal.ts'
import { Processing } from './processing.ts'
import { Report } from './report.ts'
import { uploadAll } from './upload-all.ts'
import { type Walk, walk } from './walk.ts'

const PAGE = 200
const MOST_AT_ONCE = 16
/** Rides out a minute without a connection. */
const RETRIES = 12

/** `segue import DIR [--concurrency N] [--no-wait]`: exit code 0, or 1 where something failed. */
export async function importFolder(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    {
      concurrency: { type: 'string', default: '4' },
      'no-wait': { type: 'boolean', default: false },
    },
    ['DIR'],
  )
  const concurrency = wholeNumber('--concurrency', values.concurrency, 1, MOST_AT_ONCE)
  const folder = resolve(positionals[0])
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw new UsageError(`${positionals[0]} is no folder.`)
  const server = await serverOf(terminal.env, values.server)
  const { id: accountId, role } = await (await connect(terminal.env, server)).getMe({
    signal: terminal.signal,
  })
  if (role !== 'artist' && role !== 'admin')
    throw new Error(`This account is a ${role}: only artists and admins may upload.`)
  const found = await walk(folder, terminal.signal)
  const journal = await Journal.open(importJournalFile(terminal.env, server, accountId))
  const segue = await connect(terminal.env, server, RETRIES)
  return run(segue, journal, found, { concurrency, waits: !values['no-wait'], isJson: values.json }, terminal)
}

type Run = { concurrency: number; waits: boolean; isJson: boolean }

async function run(
  segue: Segue,
  journal: Journal,
  found: Walk,
  { concurrency, waits, isJson }: Run,
  terminal: Terminal,
): Promise<number> {
  const stop = new AbortController()
  const signal = AbortSignal.any([terminal.signal, stop.signal])
  const known = found.candidates.length > 0 ? await ownTracks(segue, signal) : new Map<string, string>()
  const processing = new Processing(segue, (processed) => report.onProcessed(processed))
  const report = new Report(found, processing, isJson, terminal)
  const isFinished = (trackId: string) => known.get(trackId) === 'ready'
  let isUploading = true
  try {
    const uploading = uploadAll(
      {
        segue,
        journal,
        known: new Set(known.keys()),
        signal,
        onBytes: (file, bytesSent) => report.onBytes(file, bytesSent),
        onOutcome: (file, outcome) => {
          report.onOutcome(file, outcome)
          if (waits && outcome.outcome !== 'failed' && !isFinished(outcome.trackId))
            processing.add(outcome.trackId)
        },
      },
      found.candidates,
      concurrency,
    ).finally(() => {
      isUploading = false
    })
    const following = processing.follow(() => isUploading, signal)
    await Promise.all([uploading, following]).catch(async (error: unknown) => {
      stop.abort(error)
      await Promise.allSettled([uploading, following])
      throw error
    })
  } finally {
    report.stop()
  }
  return report.end()
}

/** The account's tracks and their status. */
async function ownTracks(segue: Segue, signal: AbortSignal): Promise<Map<string, string>> {
  const tracks = new Map<string, string>()
  const all = eachItem((cursor) =>
    segue.listTracks({ query: { owner: 'me', limit: PAGE, ...(cursor ? { cursor } : {}) }, signal }),
  )
  for await (const { id, status } of all) tracks.set(id, status)
  return tracks
}
