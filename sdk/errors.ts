import type { Problem } from './generated/types.gen.ts'

/** A code of the service's problem documents, or `unexpected_answer` where something else answered, such as a proxy. */
export type SegueErrorCode = Problem['code'] | 'unexpected_answer'

/**
 * The service refused a call. What never reached it, or whose answer never came back, is thrown as `fetch` threw
 * it: a `TypeError`, or the signal's reason.
 */
export class SegueError extends Error {
  override readonly name = 'SegueError'
  readonly code: SegueErrorCode
  /** The HTTP status. */
  readonly status: number
  /** What is wrong, in words. */
  readonly detail: string
  /** Names the request in the service's log; null where something else answered. */
  readonly requestId: string | null
  /** Each refused member of the request, with a JSON pointer (RFC 6901). */
  readonly errors: NonNullable<Problem['errors']>
  /** How long to wait before another try, in seconds, where the service said so. */
  readonly retryAfterSeconds: number | null

  constructor(status: number, problem: Partial<Problem>, retryAfterSeconds: number | null = null) {
    const detail = problem.detail ?? `The server answered ${status}.`
    super(detail)
    this.code = problem.code ?? 'unexpected_answer'
    this.status = status
    this.detail = detail
    this.requestId = problem.requestId ?? null
    this.errors = problem.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Whether an error is a refusal by the service, and with `code`, this one. */
export function isSegueError(error: unknown, code?: SegueErrorCode): error is SegueError {
  return error instanceof SegueError && (code === undefined || error.code === code)
}

/** @param body the parsed body of an answer that is not ok, whatever it is */
export function toSegueError(response: Response, body: unknown): SegueError {
  return new SegueError(response.status, isProblem(body) ? body : {}, retryAfterSeconds(response))
}

/** Reads an answer that is not ok; the answer itself can still be read afterwards. */
export async function readSegueError(response: Response): Promise<SegueError> {
  const text = await response.clone().text()
  return toSegueError(response, parseJson(text))
}

/** Retry-After in seconds (RFC 9110, section 10.2.3), also where it is a date; null without one. */
export function retryAfterSeconds(response: Response): number | null {
  const header = response.headers.get('retry-after')
  if (header === null) return null
  if (/^\d+$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
