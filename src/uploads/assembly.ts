import { originalKey } from './originals.ts'
import type { StoredPart, UploadState } from './state.ts'

/** R2 answers this where it does not know a multipart upload: it was completed or aborted. */
const NO_SUCH_UPLOAD = /10024|does not exist/i

/** Starts the multipart upload of an upload's object; returns its id. */
export async function startMultipart(bucket: R2Bucket, uploadId: string): Promise<string> {
  return (await bucket.createMultipartUpload(originalKey(uploadId))).uploadId
}

/** Stores one part. A part of the same number that was not counted is replaced. */
export async function storePart(
  bucket: R2Bucket,
  uploadId: string,
  multipartId: string,
  number: number,
  bytes: Uint8Array,
): Promise<StoredPart> {
  const multipart = bucket.resumeMultipartUpload(originalKey(uploadId), multipartId)
  const { etag } = await multipart.uploadPart(number, bytes)
  return { number, etag, bytes: bytes.length }
}

/** Stores a file of at most one part as it is. */
export async function storeWhole(bucket: R2Bucket, uploadId: string, bytes: Uint8Array): Promise<StoredPart> {
  const stored = await bucket.put(originalKey(uploadId), bytes)
  if (!stored) throw new Error('R2 did not store the file')
  return { number: 1, etag: stored.etag, bytes: bytes.length }
}

/** Makes the parts one object. Doing it again finds the object and is done. */
export async function assemble(bucket: R2Bucket, state: UploadState): Promise<void> {
  if (state.multipartId === null) return
  const key = originalKey(state.uploadId)
  try {
    const parts = state.parts.map(({ number, etag }) => ({ partNumber: number, etag }))
    await bucket.resumeMultipartUpload(key, state.multipartId).complete(parts)
  } catch (error) {
    const stored = await bucket.head(key)
    if (stored?.size !== state.length) throw error
  }
}

/** Removes everything that an unfinished upload has in R2. */
export async function dropStored(bucket: R2Bucket, state: UploadState): Promise<void> {
  const key = originalKey(state.uploadId)
  if (state.multipartId !== null) {
    await bucket
      .resumeMultipartUpload(key, state.multipartId)
      .abort()
      .catch((error: unknown) => {
        if (!NO_SUCH_UPLOAD.test(String(error))) throw error
      })
  }
  await bucket.delete(key)
}
