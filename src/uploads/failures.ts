import { z } from '@hono/zod-openapi'

/** Why an upload became no track, in words for its owner. */
export const UPLOAD_FAILURES = {
  empty_file: 'The file has no bytes.',
  unsupported_format:
    'The content is none of MP3, FLAC, WAV, AIFF, M4A (AAC, ALAC), Ogg Vorbis and Opus. The file name plays no part in this.',
  expired: 'The upload was not continued in time and has been removed.',
  source_missing: 'The stored content has gone. Upload the file again.',
} as const

export type UploadFailureCode = keyof typeof UPLOAD_FAILURES
export const uploadFailureCodeSchema = z.enum(
  Object.keys(UPLOAD_FAILURES) as [UploadFailureCode, ...UploadFailureCode[]],
)

export function failureOf(code: UploadFailureCode): { code: UploadFailureCode; detail: string } {
  return { code, detail: UPLOAD_FAILURES[code] }
}
