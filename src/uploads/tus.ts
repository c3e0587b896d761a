import type { MiddlewareHandler } from 'hono'
import { ProblemError } from '../platform/errors.ts'
import type { AppEnv } from '../platform/http.ts'
import { formatHttpDate } from '../platform/http-date.ts'
import { CHECKSUM_ALGORITHMS, type Checksum, parseChecksum } from './checksum.ts'
import { MAX_UPLOAD_BYTES } from './limits.ts'
import { parseMetadata } from './metadata.ts'
import type { UploadView } from './protocol.ts'

/** Headers of the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload). */

export const TUS_VERSION = '1.0.0'
export const CHUNK_TYPE = 'application/offset+octet-stream'

export const TUS_OPTIONS = {
  'Tus-Version': TUS_VERSION,
  'Tus-Extension': 'creation,creation-with-upload,checksum,termination,expiration',
  'Tus-Max-Size': String(MAX_UPLOAD_BYTES),
  'Tus-Checksum-Algorithm': CHECKSUM_ALGORITHMS.join(','),
}

const SPOKEN_IN = new Set(['POST', 'HEAD', 'PATCH', 'DELETE'])

/** Marks every answer, refusals too, and refuses requests of another version of the protocol. GET is not part of it. */
export function speaksTus(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.header('Tus-Resumable', TUS_VERSION)
    c.header('Cache-Control', 'no-store')
    if (SPOKEN_IN.has(c.req.method) && c.req.header('tus-resumable') !== TUS_VERSION) {
      throw new ProblemError('unsupported_version', `Send Tus-Resumable: ${TUS_VERSION}.`, {
        headers: { 'tus-version': TUS_VERSION },
      })
    }
    await next()
  }
}

type HeaderOf = (name: string) => string | undefined

/** @throws ProblemError `validation_failed`, `payload_too_large` */
export function uploadLengthOf(header: HeaderOf): number {
  if (header('upload-defer-length') !== undefined) {
    throw refuseHeader(
      'upload-defer-length',
      'The length has to be known at creation: creation-defer-length is not served.',
    )
  }
  const length = countOf(header, 'upload-length')
  if (length > MAX_UPLOAD_BYTES) {
    throw new ProblemError('payload_too_large', `An upload may have ${MAX_UPLOAD_BYTES} bytes.`)
  }
  return length
}

/** @throws ProblemError `validation_failed` */
export function uploadOffsetOf(header: HeaderOf): number {
  return countOf(header, 'upload-offset')
}

/** Null where the body's length is not declared. */
export function contentLengthOf(header: HeaderOf): number | null {
  return header('content-length') === undefined ? null : countOf(header, 'content-length')
}

/** @throws ProblemError `unsupported_media` */
export function requireChunkType(header: HeaderOf): void {
  if (header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() !== CHUNK_TYPE) {
    throw new ProblemError('unsupported_media', `Bytes are sent as Content-Type: ${CHUNK_TYPE}.`)
  }
}

/** @throws ProblemError `validation_failed` */
export function checksumHeaderOf(header: HeaderOf): Checksum | null {
  const text = header('upload-checksum')
  if (text === undefined) return null
  const checksum = parseChecksum(text)
  if (!checksum) {
    throw refuseHeader(
      'upload-checksum',
      `takes ${CHECKSUM_ALGORITHMS.join(' or ')}, a space and the digest in base64`,
    )
  }
  return checksum
}

const MAX_METADATA = 4096

/** The file name that a client gives, under either of the names in use, and the header as it was sent. */
export function metadataOf(header: HeaderOf): { fileName: string; metadata: string } {
  const metadata = header('upload-metadata') ?? ''
  const pairs = metadata.length > MAX_METADATA ? null : parseMetadata(metadata)
  if (!pairs)
    throw refuseHeader('upload-metadata', 'takes pairs of a key and a base64 value, separated by commas')
  return { fileName: pairs.get('filename') ?? pairs.get('name') ?? '', metadata }
}

/** Upload-Offset, and Upload-Expires where there is still something to expire. */
export function progressHeaders(upload: UploadView): Record<string, string> {
  return {
    'Upload-Offset': String(upload.offset),
    ...(upload.isComplete ? {} : { 'Upload-Expires': formatHttpDate(new Date(upload.expiresAt)) }),
  }
}

function countOf(header: HeaderOf, name: string): number {
  const text = header(name)
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw refuseHeader(name, 'takes a count of bytes')
  return Number(text)
}

function refuseHeader(name: string, detail: string): ProblemError {
  return new ProblemError('validation_failed', `${name}: ${detail}`, {
    errors: [{ pointer: `/header/${name}`, detail }],
  })
}
