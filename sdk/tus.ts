import { DetailedError, Upload, type UploadOptions } from 'tus-js-client'
import type { Segue } from './client.ts'
import { SegueError } from './errors.ts'

/** What one request carries, in bytes: below every limit on the way, and four parts of the service's storage. */
export const CHUNK_BYTES = 32 * 1024 * 1024

/** What tus-js-client reads from: a Blob in browsers, an `fs.ReadStream` or Buffer in Node. */
export type TusInput = ConstructorParameters<typeof Upload>[0]

/** Pauses between tries, in milliseconds; they start over whenever bytes have arrived. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 30_000]
/** A connection on which nothing has moved for this long is taken for lost. */
const STALLED_MS = 60_000
/** Locked by the request before, throttled, or garbled on the way. */
const PASSING = [409, 423, 429, 460]

type Sending = {
  /** Of the upload to go on with; null to begin one. */
  url: string | null
  signal: AbortSignal | undefined
  onProgress: ((bytesSent: number) => void) | undefined
  onUrl: (url: string) => void | Promise<void>
}

/**
 * Sends a file by tus 1.0.0, beginning where the service says that it stands.
 * @returns the address of the upload, all bytes of which have arrived
 * @throws SegueError where the service refuses, else what broke the connection for good
 */
export async function sendResumably(
  segue: Segue,
  source: { name: string; bytes: number; open: () => TusInput },
  { url, signal, onProgress, onUrl }: Sending,
): Promise<string> {
  signal?.throwIfAborted()
  const input = source.open()
  let lastMoveAt = Date.now()
  return new Promise<string>((resolve, reject) => {
    const upload = new Upload(input, {
      ...authorised(segue),
      endpoint: `${segue.baseUrl}/v1/uploads`,
      uploadUrl: url,
      uploadSize: source.bytes,
      chunkSize: CHUNK_BYTES,
      metadata: { filename: source.name },
      storeFingerprintForResuming: false,
      retryDelays: RETRY_DELAYS_MS.map((delay) => Math.round(delay * (0.5 + Math.random()))),
      onUploadUrlAvailable: () => {
        if (upload.url !== null) Promise.resolve(onUrl(upload.url)).catch(stop)
      },
      onProgress: (bytesSent) => {
        lastMoveAt = Date.now()
        onProgress?.(bytesSent)
      },
      onSuccess: () => settle(() => resolve(upload.url ?? '')),
      onError: (error) => settle(() => reject(toError(error))),
    })
    const watch = setInterval(() => {
      if (Date.now() - lastMoveAt < STALLED_MS) return
      lastMoveAt = Date.now()
      upload.abort().then(() => upload.start(), stop)
    }, 5_000)
    const onAbort = () => stop(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    upload.start()

    function settle(finish: () => void): void {
      clearInterval(watch)
      signal?.removeEventListener('abort', onAbort)
      release(input)
      finish()
    }

    /** Leaves the upload as it stands on the service. */
    function stop(reason: unknown): void {
      upload.abort().then(
        () => settle(() => reject(reason)),
        () => settle(() => reject(reason)),
      )
    }
  })
}

/** Sends the newest access token, and another one after it was refused. */
function authorised(
  segue: Segue,
): Pick<UploadOptions, 'onBeforeRequest' | 'onAfterResponse' | 'onShouldRetry'> {
  let token: string | undefined
  let rejected: string | undefined
  let isRenewed = false
  return {
    onBeforeRequest: async (request) => {
      token = await segue.accessToken(rejected)
      isRenewed = rejected !== undefined && token !== rejected
      rejected = undefined
      if (token !== undefined) request.setHeader('authorization', `Bearer ${token}`)
    },
    onAfterResponse: (_request, response) => {
      if (response.getStatus() === 401) rejected = token
    },
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0
      if (status === 401) return !isRenewed
      return status === 0 || status >= 500 || PASSING.includes(status)
    },
  }
}

/** Node's streams hold a file open; a Blob holds nothing. */
function release(input: object): void {
  if ('destroy' in input && typeof input.destroy === 'function') input.destroy()
}

function toError(error: Error): Error {
  if (!(error instanceof DetailedError)) return error
  const response = error.originalResponse
  if (!response) return error.causingError ?? error
  return new SegueError(response.getStatus(), parseObject(response.getBody()))
}

function parseObject(text: string): object {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}
