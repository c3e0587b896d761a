import { exports } from 'cloudflare:workers'
import type { SignedIn } from '../support/accounts.ts'

export const MIB = 1024 * 1024
export const UPLOADS = 'https://segue.test/v1/uploads'

export type Headers = Record<string, string>
type Body = Uint8Array<ArrayBuffer> | ReadableStream | null

/** A request as a tus client sends it; `headers` replace those that every one carries. */
export function tus(
  account: SignedIn | null,
  method: string,
  url: string,
  headers: Headers = {},
  body: Body = null,
) {
  return exports.default.fetch(url, {
    method,
    headers: { 'tus-resumable': '1.0.0', ...account?.headers, ...headers },
    body,
  })
}

export function metadata(fileName: string): string {
  return `filename ${Buffer.from(fileName).toString('base64')}`
}

/** Begins an upload and returns its address. */
export async function create(account: SignedIn, length: number, fileName = 'song.flac'): Promise<string> {
  const response = await tus(account, 'POST', UPLOADS, {
    'upload-length': String(length),
    'upload-metadata': metadata(fileName),
  })
  if (response.status !== 201) throw new Error(`create: ${response.status} ${await response.text()}`)
  return response.headers.get('location') ?? ''
}

export function patch(account: SignedIn, url: string, offset: number, body: Body, headers: Headers = {}) {
  const chunk = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) }
  return tus(account, 'PATCH', url, { ...chunk, ...headers }, body)
}

export async function offsetOf(account: SignedIn, url: string): Promise<number> {
  const response = await tus(account, 'HEAD', url)
  return Number(response.headers.get('upload-offset') ?? Number.NaN)
}

export function idOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

/** Bytes that differ from each other all along, so that a part in the wrong place shows. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

export async function digest(
  algorithm: 'SHA-1' | 'SHA-256',
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  return Buffer.from(await crypto.subtle.digest(algorithm, bytes)).toString('base64')
}
