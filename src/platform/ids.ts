import { z } from '@hono/zod-openapi'
import { typeidUnboxed } from 'typeid-js'

/** The prefixes of all TypeIDs (https://github.com/jetify-com/typeid). */
export const ID_PREFIXES = {
  account: 'acct',
  artist: 'artist',
  event: 'evt',
  refreshFamily: 'rfam',
  release: 'release',
  request: 'req',
  track: 'track',
  upload: 'upload',
} as const
export type IdKind = keyof typeof ID_PREFIXES

/** A new TypeID: the kind's prefix and a UUIDv7 in Crockford base32, so ids sort by the time they were made. */
export function newId(kind: IdKind): string {
  return typeidUnboxed(ID_PREFIXES[kind])
}

/** A zod schema that takes only ids of this kind. */
export function idSchema(kind: IdKind) {
  const prefix = ID_PREFIXES[kind]
  return z
    .string()
    .regex(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`), `not an id of the form ${prefix}_…`)
    .openapi({ example: `${prefix}_01k9f3m7w8e2vbx0q4r5s6t7v8` })
}
