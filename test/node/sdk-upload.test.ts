import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSegue } from '../../sdk/client.ts'
import { SINGLE_REQUEST_BYTES, type UploadSource, uploadFile } from '../../sdk/upload.ts'
import { memoryUploadUrls, type UploadUrls } from '../../sdk/upload-urls.ts'

/** As much of tus 1.0.0 and of the service as an upload needs. */
type Stored = { length: number; bytes: number; state: 'uploading' | 'done' | 'failed' }
let server: Server
let baseUrl: string
let uploads: Map<string, Stored>
let requests: string[]
let received: number
/** Cuts the next PATCH after this many bytes. */
let cutAfter: number | null
let becomes: 'done' | 'failed'
/** The status that reading an upload answers instead of it. */
let readingAnswers: number | null

beforeEach(async () => {
  uploads = new Map()
  requests = []
  received = 0
  cutAfter = null
  becomes = 'done'
  readingAnswers = null
  server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  const id = /^\/v1\/uploads\/(.+)$/.exec(url)?.[1]
  requests.push(`${method} ${id ? '/v1/uploads/…' : url.split('?')[0]}`)
  const upload = uploads.get(id ?? '')
  if (method === 'PATCH' && upload) await append(request, upload)
  else for await (const chunk of request) received += chunk.length
  const json = { 'content-type': 'application/json' }
  if (url.startsWith('/v1/tracks')) {
    response.writeHead(201, json)
    response.end(JSON.stringify({ trackId: 'track_small', uploadId: 'upload_small', isDuplicate: false }))
  } else if (method === 'POST') {
    const created = `upload_${uploads.size + 1}`
    uploads.set(created, { length: Number(request.headers['upload-length']), bytes: 0, state: 'uploading' })
    response.writeHead(201, { location: `${baseUrl}/v1/uploads/${created}`, 'tus-resumable': '1.0.0' })
    response.end()
  } else if (!upload || (method === 'GET' && readingAnswers !== null)) {
    const status = upload ? (readingAnswers ?? 404) : 404
    response.writeHead(status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ code: upload ? 'internal' : 'not_found', detail: 'No.', status }))
  } else if (method === 'GET') {
    const failure = upload.state === 'failed' ? { code: 'unsupported_format', detail: 'No audio.' } : null
    const trackId = upload.state === 'done' ? 'track_large' : null
    response.writeHead(200, json)
    response.end(JSON.stringify({ id, length: upload.length, state: upload.state, trackId, failure }))
  } else {
    const headers = { 'upload-offset': String(upload.bytes), 'upload-length': String(upload.length) }
    response.writeHead(method === 'PATCH' ? 204 : 200, { 'tus-resumable': '1.0.0', ...headers })
    response.end()
  }
}

async function append(request: IncomingMessage, upload: Stored): Promise<void> {
  for await (const chunk of request) {
    received += chunk.length
    upload.bytes += chunk.length
    if (cutAfter === null || upload.bytes < cutAfter) continue
    cutAfter = null
    request.destroy()
    throw new Error('cut')
  }
  if (upload.bytes === upload.length) upload.state = becomes
}

function sourceOf(bytes: number): UploadSource {
  const content = Buffer.alloc(bytes, 1)
  return {
    name: 'song.wav',
    bytes,
    fingerprint: 'sha256:1',
    blob: () => new Blob([content]),
    open: () => content,
  }
}

const LARGE = SINGLE_REQUEST_BYTES + 1_000_000

function upload(bytes: number, urls: UploadUrls = memoryUploadUrls(), signal?: AbortSignal) {
  const segue = createSegue({ baseUrl, retries: 0, tokens: { accessToken: 'a' } })
  return uploadFile(segue, sourceOf(bytes), { urls, signal })
}

describe('uploading a file', () => {
  it('takes one request where it is small', async () => {
    expect(await upload(1000)).toEqual({ uploadId: 'upload_small', trackId: 'track_small' })
    expect(requests).toEqual(['POST /v1/tracks'])
  })

  it('goes by tus where it is large, and waits for the track', async () => {
    expect(await upload(LARGE)).toEqual({ uploadId: 'upload_1', trackId: 'track_large' })
    expect(requests).toEqual(['POST /v1/uploads', 'PATCH /v1/uploads/…', 'GET /v1/uploads/…'])
  })

  it('goes on after a lost connection where the service says that it stands', async () => {
    cutAfter = 4_000_000
    expect(await upload(LARGE)).toMatchObject({ trackId: 'track_large' })
    expect(received).toBe(LARGE)
    expect(requests.filter((name) => name === 'POST /v1/uploads')).toHaveLength(1)
  })

  it('goes on with what an earlier call has left', async () => {
    const urls = memoryUploadUrls()
    await urls.set('sha256:1', `${baseUrl}/v1/uploads/upload_old`)
    uploads.set('upload_old', { length: LARGE, bytes: 5_000_000, state: 'uploading' })
    expect(await upload(LARGE, urls)).toEqual({ uploadId: 'upload_old', trackId: 'track_large' })
    expect(received).toBe(LARGE - 5_000_000)
    expect(await urls.get('sha256:1')).toBeNull()
  })

  it.each([
    ['has gone', undefined],
    ['was of another length', { length: 1, bytes: 0, state: 'uploading' as const }],
    ['has failed', { length: LARGE, bytes: LARGE, state: 'failed' as const }],
  ])('begins anew where what was left %s', async (_case, left) => {
    const urls = memoryUploadUrls()
    await urls.set('sha256:1', `${baseUrl}/v1/uploads/upload_old`)
    if (left) uploads.set('upload_old', left)
    expect((await upload(LARGE, urls)).uploadId).not.toBe('upload_old')
  })

  it('says why the service found no track in it', async () => {
    becomes = 'failed'
    const urls = memoryUploadUrls()
    await expect(upload(LARGE, urls)).rejects.toMatchObject({
      name: 'UploadFailedError',
      code: 'unsupported_format',
      message: 'No audio.',
    })
    expect(await urls.get('sha256:1')).toBeNull()
  })

  it('keeps the address where only the question for the track got no answer', async () => {
    readingAnswers = 500
    const urls = memoryUploadUrls()
    await expect(upload(LARGE, urls)).rejects.toMatchObject({ code: 'internal' })
    expect(await urls.get('sha256:1')).toBe(`${baseUrl}/v1/uploads/upload_1`)
  })

  it('stops when it is told to, and can be gone on with', async () => {
    const urls = memoryUploadUrls()
    const stop = new AbortController()
    const set = urls.set
    const stopping = upload(
      LARGE,
      {
        ...urls,
        set: (fingerprint, url) => {
          stop.abort(new Error('enough'))
          return set(fingerprint, url)
        },
      },
      stop.signal,
    )
    await expect(stopping).rejects.toThrow('enough')
    expect(await upload(LARGE, urls)).toEqual({ uploadId: 'upload_1', trackId: 'track_large' })
  })
})
