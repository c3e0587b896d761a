import type { Segue } from './client.ts'
import { isSegueError } from './errors.ts'
import type { Upload } from './generated/types.gen.ts'
import { sleep } from './retry.ts'
import { sendResumably, type TusInput } from './tus.ts'
import { defaultUploadUrls, type UploadUrls } from './upload-urls.ts'

/** Files below this many bytes go in one request. */
export const SINGLE_REQUEST_BYTES = 8 * 1024 * 1024

/** A file to upload. */
export type UploadSource = {
  /** Its name, without folders. */
  name: string
  bytes: number
  /** The same for the same content in the same place: what an upload that was cut is found again by. */
  fingerprint: string
  /** The whole content; asked for only below SINGLE_REQUEST_BYTES. */
  blob: () => Blob | Promise<Blob>
  /** The content in pieces: a Blob in browsers, an `fs.ReadStream` or Buffer in Node. */
  open: () => TusInput
}

export type UploadFileOptions = {
  signal?: AbortSignal | undefined
  /** Hears how many bytes have been sent. */
  onProgress?: ((bytesSent: number) => void) | undefined
  /** Where the addresses of unfinished uploads are kept: localStorage, or memory, unless told. */
  urls?: UploadUrls | undefined
}

export type UploadedFile = { uploadId: string; trackId: string }

/** The service took every byte and found no track in them. `message` says why, in words. */
export class UploadFailedError extends Error {
  override readonly name = 'UploadFailedError'
  readonly code: NonNullable<Upload['failure']>['code']

  constructor(failure: NonNullable<Upload['failure']>) {
    super(failure.detail)
    this.code = failure.code
  }
}

/**
 * Uploads a file, going on with what an earlier call has sent of it, and waits until it has become a track (which
 * is `queued` then; GET /v1/tracks/{id} tells when it is ready).
 * @throws SegueError where the service refuses, UploadFailedError where the content is no track
 */
export async function uploadFile(
  segue: Segue,
  source: UploadSource,
  options: UploadFileOptions = {},
): Promise<UploadedFile> {
  if (source.bytes >= SINGLE_REQUEST_BYTES) return uploadResumably(segue, source, options)
  try {
    return await uploadAtOnce(segue, source, options)
  } catch (error) {
    // A first request that was cut may hold its key for long; another way in needs none.
    if (!isSegueError(error, 'idempotency_in_progress')) throw error
    return uploadResumably(segue, source, options)
  }
}

async function uploadAtOnce(
  segue: Segue,
  source: UploadSource,
  { signal, onProgress }: UploadFileOptions,
): Promise<UploadedFile> {
  onProgress?.(0)
  const { uploadId, trackId } = await segue.uploadTrack({
    body: await source.blob(),
    query: { fileName: source.name },
    signal: signal ?? null,
  })
  onProgress?.(source.bytes)
  return { uploadId, trackId }
}

async function uploadResumably(
  segue: Segue,
  source: UploadSource,
  { signal, onProgress, urls = defaultUploadUrls() }: UploadFileOptions,
): Promise<UploadedFile> {
  const url = await knownUrl(segue, source, urls)
  const finalUrl = await sendResumably(segue, source, {
    url,
    signal,
    onProgress,
    onUrl: (created) => urls.set(source.fingerprint, created),
  })
  const uploadId = idOf(finalUrl)
  try {
    const trackId = await waitForTrack(segue, uploadId, signal)
    await urls.delete(source.fingerprint)
    return { uploadId, trackId }
  } catch (error) {
    if (error instanceof UploadFailedError) await urls.delete(source.fingerprint)
    throw error
  }
}

/** The address of an upload of this file that can still be gone on with. */
async function knownUrl(segue: Segue, source: UploadSource, urls: UploadUrls): Promise<string | null> {
  const url = await urls.get(source.fingerprint)
  if (!url?.startsWith(`${segue.baseUrl}/`)) return null
  const upload = await segue.getUpload({ path: { uploadId: idOf(url) } }).catch((error: unknown) => {
    if (isSegueError(error) && [400, 404, 410].includes(error.status)) return null
    throw error
  })
  if (upload && upload.state !== 'failed' && upload.length === source.bytes) return url
  await urls.delete(source.fingerprint)
  return null
}

const FIRST_POLL_MS = 250
const SLOWEST_POLL_MS = 3_000

/**
 * Waits until a complete upload has become a track.
 * @returns the track's id
 * @throws UploadFailedError
 */
export async function waitForTrack(segue: Segue, uploadId: string, signal?: AbortSignal): Promise<string> {
  for (let delayMs = FIRST_POLL_MS; ; delayMs = Math.min(delayMs * 1.5, SLOWEST_POLL_MS)) {
    const upload = await segue.getUpload({ path: { uploadId }, signal: signal ?? null })
    if (upload.failure) throw new UploadFailedError(upload.failure)
    if (upload.state === 'done' && upload.trackId !== null) return upload.trackId
    await sleep(delayMs, signal)
  }
}

function idOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
