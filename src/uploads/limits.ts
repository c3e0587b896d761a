/** The largest upload in bytes: 1 GiB. */
export const MAX_UPLOAD_BYTES = 1024 ** 3

/** The largest upload in one request, in bytes: below the 100 MB at which bodies are refused before the Worker. */
export const MAX_SINGLE_BYTES = 95_000_000

/** What clients send per PATCH, in bytes: four parts. */
export const CHUNK_BYTES = 32 * 1024 * 1024

/** Every R2 part but the last, in bytes. */
export const PART_BYTES = 8 * 1024 * 1024

/** An unfinished upload is removed this long after its last progress, in milliseconds. */
export const EXPIRES_AFTER_MS = 24 * 3600 * 1000

/** The longest file name that is kept, in UTF-16 units. */
export const MAX_FILE_NAME = 255

/** How long the sweep waits before it sends a completed upload again, in milliseconds. */
export const RESEND_AFTER_MS = 60_000
