import { and, eq, isNull, lt, or } from 'drizzle-orm'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { type Db, isUniqueViolation } from './db.ts'
import { ProblemError } from './errors.ts'
import { type AppContext, type AppEnv, callerOf, dbOf } from './http.ts'
import { idempotencyKeys } from './schema.ts'

const KEPT_MS = 24 * 3600 * 1000
/** A first request that has run for this long was cut off before it could answer: its key is free again. */
const CUT_OFF_MS = 15 * 60_000
const REPLAYED_HEADERS = [
  'content-type',
  'location',
  'etag',
  'tus-resumable',
  'upload-offset',
  'upload-expires',
]
const FINGERPRINT_HEADERS = [
  'content-type',
  'content-length',
  'upload-length',
  'upload-metadata',
  'upload-checksum',
]

/** Contents of requests that a handler has read and hashed. */
const bodyDigests = new WeakMap<AppContext, string>()

export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,128}$/)

/**
 * Middleware for creating operations: a repeat with the same `Idempotency-Key` within 24 h gets the first
 * answer again (draft-ietf-httpapi-idempotency-key-header). Only successes are kept, so a failed request may
 * be tried again with its key.
 */
export function idempotent(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const header = c.req.header('idempotency-key')
    if (header === undefined) return next()
    const key = idempotencyKeySchema.safeParse(header)
    if (!key.success) {
      throw new ProblemError(
        'validation_failed',
        'Idempotency-Key takes 1 to 128 visible ASCII characters.',
        {
          errors: [{ pointer: '/header/idempotency-key', detail: 'not a valid key' }],
        },
      )
    }
    const db = dbOf(c, 'first-primary')
    const fingerprint = await fingerprintOf(c)
    const first = await claimKey(db, callerOf(c).accountId, key.data, fingerprint, Date.now())
    if (first) return replay(first, fingerprint, c)
    await next()
    await settleKey(db, callerOf(c).accountId, key.data, fingerprint, c)
  }
}

/**
 * Notes what a body was whose handler hashes it on its way: a repeat has to bring the same. `sha256` is in hex.
 * A JSON body needs none.
 */
export function noteBodyDigest(c: AppContext, sha256: string): void {
  bodyDigests.set(c, sha256)
}

async function fingerprintOf(c: AppContext): Promise<string> {
  const parts = [c.req.method, c.req.url, ...FINGERPRINT_HEADERS.map((name) => c.req.header(name) ?? '')]
  if (c.req.header('content-type')?.includes('json')) parts.push(await c.req.raw.clone().text())
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(parts.join('\n')))
  return Buffer.from(digest).toString('hex')
}

type KeptKey = typeof idempotencyKeys.$inferSelect

/** Takes the key for this request, and returns null; or returns the earlier request that has it. */
async function claimKey(
  db: Db,
  accountId: string,
  key: string,
  fingerprint: string,
  nowMs: number,
): Promise<KeptKey | null> {
  await db.delete(idempotencyKeys).where(and(keyIs(accountId, key), isSpent(nowMs)))
  try {
    await db.insert(idempotencyKeys).values({ accountId, key, fingerprint, createdAt: nowMs })
    return null
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
  }
  const [first] = await db.select().from(idempotencyKeys).where(keyIs(accountId, key))
  if (!first) throw inProgress()
  return first
}

/** The kept answer. @throws ProblemError `idempotency_key_reused`, `idempotency_in_progress`, `validation_failed` */
async function replay(first: KeptKey, fingerprint: string, c: AppContext): Promise<Response> {
  const [request, content] = first.fingerprint.split(':')
  if (request !== fingerprint) throw new ProblemError('idempotency_key_reused')
  if (first.status === null) throw inProgress()
  if (content !== undefined && content !== (await digestOf(c.req.raw.body))) {
    throw new ProblemError('idempotency_key_reused')
  }
  return new Response(first.body || null, {
    status: first.status,
    headers: { ...JSON.parse(first.headers ?? '{}'), 'idempotency-replayed': 'true' },
  })
}

function inProgress(): ProblemError {
  return new ProblemError('idempotency_in_progress', undefined, { headers: { 'retry-after': '1' } })
}

/** SHA-256 in hex, in constant memory. */
async function digestOf(body: ReadableStream | null): Promise<string> {
  const digest = new crypto.DigestStream('SHA-256')
  digest.digest.catch(() => {})
  await (body ?? new Blob([]).stream()).pipeTo(digest).catch((cause: unknown) => {
    throw new ProblemError('validation_failed', 'The body ended before its declared length.', { cause })
  })
  return Buffer.from(await digest.digest).toString('hex')
}

async function settleKey(
  db: Db,
  accountId: string,
  key: string,
  fingerprint: string,
  c: AppContext,
): Promise<void> {
  if (c.error || !c.res.ok) {
    await db.delete(idempotencyKeys).where(keyIs(accountId, key))
    return
  }
  const content = bodyDigests.get(c)
  const headers = Object.fromEntries(
    REPLAYED_HEADERS.flatMap((name) => {
      const value = c.res.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  await db
    .update(idempotencyKeys)
    .set({
      fingerprint: content === undefined ? fingerprint : `${fingerprint}:${content}`,
      status: c.res.status,
      headers: JSON.stringify(headers),
      body: await c.res.clone().text(),
    })
    .where(keyIs(accountId, key))
}

function keyIs(accountId: string, key: string) {
  return and(eq(idempotencyKeys.accountId, accountId), eq(idempotencyKeys.key, key))
}

function isSpent(nowMs: number) {
  return or(
    lt(idempotencyKeys.createdAt, nowMs - KEPT_MS),
    and(isNull(idempotencyKeys.status), lt(idempotencyKeys.createdAt, nowMs - CUT_OFF_MS)),
  )
}

/** Deletes keys older than 24 h. */
export async function pruneIdempotencyKeys(db: Db, nowMs: number): Promise<void> {
  await db.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, nowMs - KEPT_MS))
}
