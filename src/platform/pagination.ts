import { z } from '@hono/zod-openapi'
import { ProblemError } from './errors.ts'

export const DEFAULT_LIMIT = 50
export const MAX_LIMIT = 200

/** The query of every list. */
export const pageQuerySchema = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_LIMIT)
    .default(DEFAULT_LIMIT)
    .openapi({ description: 'Items a page.', example: 50 }),
  cursor: z
    .string()
    .max(512)
    .optional()
    .openapi({ description: 'Where the last page ended: its `nextCursor`. Opaque.' }),
})

/** The answer of every list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().openapi({ description: 'Cursor of the next page; null at the end.' }),
  })
}

/** Keyset position: the sort key's values of a page's last row, ending in `pk`. */
export type Keyset = readonly (string | number | null)[]

export function encodeCursor(keyset: Keyset): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(keyset))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/**
 * Reads a cursor that a client sent.
 * @returns the keyset in `schema`'s shape, or null without a cursor
 * @throws ProblemError `invalid_cursor`
 */
export function decodeCursor<T>(cursor: string | undefined, schema: z.ZodType<T>): T | null {
  if (cursor === undefined) return null
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    )
    return schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)))
  } catch (cause) {
    throw new ProblemError('invalid_cursor', undefined, { cause })
  }
}

/**
 * Cuts `limit + 1` rows to a page.
 * @param keysetOf the sort key of a row, ending in `pk`
 */
export function toPage<R>(
  rows: R[],
  limit: number,
  keysetOf: (row: R) => Keyset,
): { rows: R[]; nextCursor: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, nextCursor: rows.length > limit && last ? encodeCursor(keysetOf(last)) : null }
}
