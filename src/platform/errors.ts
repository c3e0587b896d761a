import { z } from '@hono/zod-openapi'

/**
 * Every error code of the surface with its HTTP status and title (RFC 9457). A code is a promise to clients:
 * it is never renamed.
 */
export const ERRORS = {
  validation_failed: [400, 'The request is not valid'],
  unsupported_combination: [400, 'This filter and sort are not served together'],
  invalid_cursor: [400, 'The cursor is not valid'],
  unauthenticated: [401, 'Authentication is needed'],
  invalid_credentials: [401, 'The email or the password is wrong'],
  invalid_token: [401, 'The token is not valid'],
  token_expired: [401, 'The token has expired'],
  forbidden: [403, 'This is not allowed'],
  quality_not_allowed: [403, 'This quality is beyond the plan'],
  account_suspended: [403, 'The account is suspended'],
  not_found: [404, 'Nothing is here'],
  method_not_allowed: [405, 'This method is not served here'],
  conflict: [409, 'The resource has changed meanwhile'],
  email_taken: [409, 'An account has this email address'],
  upload_locked: [423, 'Another request is writing to this upload'],
  offset_mismatch: [409, 'The offset is not where the upload stands'],
  idempotency_in_progress: [409, 'The first request with this key is still running'],
  gone: [410, 'This is gone'],
  precondition_failed: [412, 'A precondition does not hold'],
  unsupported_version: [412, 'This version of the protocol is not served'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media: [415, 'This kind of content is not taken'],
  range_not_satisfiable: [416, 'The range lies outside of the content'],
  idempotency_key_reused: [422, 'The key was used for another request'],
  too_many_requests: [429, 'Too many requests'],
  checksum_mismatch: [460, 'The checksum does not match the body'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'This is not available right now'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof ERRORS

/** One refused member of a request: where it stands (RFC 6901 pointer into body, query, path or header) and why. */
export type FieldError = { pointer: string; detail: string }

/**
 * An error that a client may see. `code` is an own property, so it survives RPC between a Worker and a
 * Durable Object; test it with {@link hasCode}, never by `instanceof`.
 */
export class ProblemError extends Error {
  readonly code: ErrorCode
  readonly errors: FieldError[] | undefined
  readonly headers: Record<string, string> | undefined

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail ?? ERRORS[code][1], { cause: options.cause })
    this.name = 'ProblemError'
    this.code = code
    this.errors = options.errors
    this.headers = options.headers
  }
}

const problemErrorShape = z.object({
  code: z.custom<ErrorCode>((value) => typeof value === 'string' && value in ERRORS),
  message: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  headers: z.record(z.string(), z.string()).optional(),
})

/** Returns the client-visible part of an error, also of one that crossed an RPC boundary; null for any other error. */
export function asProblem(error: unknown): z.infer<typeof problemErrorShape> | null {
  if (!(error instanceof Error)) return null
  const parsed = problemErrorShape.safeParse(error)
  return parsed.success ? parsed.data : null
}

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return asProblem(error)?.code === code
}

export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:segue:problem:not_found' }),
    title: z.string().openapi({ example: 'Nothing is here' }),
    status: z.int().openapi({ example: 404 }),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).openapi({ example: 'not_found' }),
    detail: z.string().openapi({ example: 'No track has this id.' }),
    requestId: z.string().openapi({ example: 'req_01k9f3m7w8e2vbx0q4r5s6t7v8' }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: 'Each refused member, with a JSON pointer (RFC 6901).' }),
  })
  .openapi('Problem')
export type Problem = z.infer<typeof problemSchema>

/** The body of an RFC 9457 answer. An unknown error becomes fixed text: nothing of it reaches a client. */
export function toProblem(
  error: unknown,
  requestId: string,
): { body: Problem; headers: Record<string, string> } {
  const known = asProblem(error)
  const code = known?.code ?? 'internal'
  const [status, title] = ERRORS[code]
  const body: Problem = {
    type: `urn:segue:problem:${code}`,
    title,
    status,
    code,
    detail: known?.message ?? `${title}.`,
    requestId,
  }
  if (known?.errors) body.errors = known.errors
  // RFC 9110 section 15.5.2: a 401 names a way in.
  const challenge: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return { body, headers: { ...challenge, ...known?.headers } }
}
