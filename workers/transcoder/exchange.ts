import { createHash } from 'node:crypto'
import { createWriteStream, openAsBlob } from 'node:fs'
import { extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, type JobEvent, OUTPUT_TYPES, type OutputName } from '../../src/transcoding/protocol.ts'
import { JobDropped, JobFailure } from './failure.ts'

/** Waits between tries; together about half a minute, the time in which a server restarts. */
const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 6000, 8000, 8000]
const EVENT_TIMEOUT_MS = 15_000
const OUTPUT_TYPE: Record<string, string> = OUTPUT_TYPES

/** A request that asking again does not change. */
class Refused extends Error {
  override readonly name = 'Refused'
}

/** A request that may go better later. */
class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/**
 * Streams the job's input to a file, checking size and SHA-256 on the way.
 * @throws JobDropped on 404 and 410; JobFailure `source_unavailable` (retryable) otherwise.
 */
export async function fetchInput(
  job: Job,
  path: string,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<void> {
  const download = async () => {
    const response = await request(job, job.inputUrl, { signal })
    if (!response.body) throw new Unreachable('no body')
    const hash = createHash('sha256')
    let bytes = 0
    const check = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += chunk.length
        if (bytes > job.sourceBytes) throw sourceMismatch()
        hash.update(chunk)
        onProgress(bytes / job.sourceBytes)
        yield chunk
      }
    }
    await pipeline(response.body, check, createWriteStream(path), { signal })
    if (bytes !== job.sourceBytes || hash.digest('hex') !== job.sourceHash) throw sourceMismatch()
  }
  await persist(download, signal).catch((error: unknown) => {
    if (!isRequestError(error)) throw error
    throw sourceUnavailable(`The source could not be fetched: ${error.message}.`)
  })
}

/** PUTs a file under its output name, streaming, with its length. */
export async function putFile(job: Job, name: OutputName, path: string, signal: AbortSignal): Promise<void> {
  const type = OUTPUT_TYPE[extname(name).slice(1)]
  await put(job, name, await openAsBlob(path, { type }), signal)
}

/** PUTs bytes that are at hand. */
export async function putBytes(
  job: Job,
  name: OutputName,
  bytes: string | Buffer<ArrayBuffer>,
  signal: AbortSignal,
): Promise<void> {
  const type = OUTPUT_TYPE[extname(name).slice(1)]
  await put(job, name, new Blob([bytes], { type }), signal)
}

async function put(job: Job, name: OutputName, body: Blob, signal: AbortSignal): Promise<void> {
  await persist(() => send(job, `${job.outputUrl}/${name}`, { method: 'PUT', body, signal }), signal).catch(
    (error: unknown) => {
      if (!isRequestError(error)) throw error
      throw new JobFailure('transcoder_error', `${name} could not be stored: ${error.message}.`, true)
    },
  )
}

/** POSTs an event that must arrive: `done` or `failed`. */
export async function postEvent(job: Job, event: JobEvent, signal: AbortSignal): Promise<void> {
  await persist(() => postOnce(job, event, signal), signal)
}

/** POSTs an event that the next one makes up for. */
export async function postOnce(job: Job, event: JobEvent, signal: AbortSignal): Promise<void> {
  await send(job, job.eventsUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.any([signal, AbortSignal.timeout(EVENT_TIMEOUT_MS)]),
  })
}

async function send(job: Job, url: string, init: RequestInit): Promise<void> {
  const response = await request(job, url, init)
  await response.body?.cancel()
}

async function request(job: Job, url: string, init: RequestInit): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${job.token}` }
  const response = await fetch(url, { ...init, headers, redirect: 'error' })
  if (response.ok) return response
  await response.body?.cancel()
  if (response.status === 404 || response.status === 410) throw new JobDropped(`answered ${response.status}`)
  if (response.status >= 500 || response.status === 429) throw new Unreachable(`answered ${response.status}`)
  throw new Refused(`answered ${response.status}`)
}

async function persist(attempt: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const delayMs of [...BACKOFF_MS, null]) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error)) throw error
      if (delayMs === null) throw error instanceof Unreachable ? error : new Unreachable('no answer')
      await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

/** `fetch` rejects with a TypeError when the network fails, and its streams with one when they break. */
function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable || error instanceof TypeError) return true
  return error instanceof Error && error.name === 'TimeoutError'
}

function isRequestError(error: unknown): error is Error {
  return error instanceof Unreachable || error instanceof Refused
}

function sourceUnavailable(detail: string) {
  return new JobFailure('source_unavailable', detail, true)
}

function sourceMismatch() {
  return sourceUnavailable('What was fetched is not the source: its size or SHA-256 differs.')
}
