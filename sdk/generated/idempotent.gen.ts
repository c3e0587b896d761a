// This file is made by npm run generate.

/** The operations that take an Idempotency-Key, as method and path template. */
export const IDEMPOTENT_OPERATIONS: ReadonlySet<string> = new Set([
  'POST /v1/tracks',
  'POST /v1/uploads',
])
