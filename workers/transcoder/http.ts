import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Job, jobSchema, PROFILE } from '../../src/transcoding/protocol.ts'
import type { Acceptance } from './slots.ts'

const MAX_BODY_BYTES = 64 * 1024
const RETRY_AFTER_SECONDS = 15

export type HttpDependencies = {
  secret: string
  offer: (job: Job) => Acceptance
  health: () => Record<string, unknown>
}

class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>

  constructor(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** `POST /jobs` for whoever knows the secret, and `GET /healthz` for everyone. */
export function createHttpServer(dependencies: HttpDependencies): Server {
  return createServer((request, response) => {
    handle(dependencies, request, response).catch((error: unknown) => answerProblem(response, error))
  })
}

async function handle(
  { secret, offer, health }: HttpDependencies,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const route = `${request.method} ${(request.url ?? '').split('?')[0]}`
  if (route === 'GET /healthz') return answer(response, 200, health())
  if (!isAuthorised(request.headers.authorization, secret)) {
    throw new Problem(401, 'unauthorized', 'The secret is missing or wrong.', {
      'www-authenticate': 'Bearer',
    })
  }
  if (route !== 'POST /jobs') throw new Problem(404, 'not_found', 'There is no such resource.')
  const job = parseJob(await readBody(request))
  const acceptance = offer(job)
  if (acceptance === 'busy') {
    throw new Problem(429, 'busy', 'No slot is free.', { 'retry-after': String(RETRY_AFTER_SECONDS) })
  }
  const { trackId, attempt } = job
  answer(response, acceptance === 'accepted' ? 202 : 200, { trackId, attempt, state: acceptance })
}

/** Digests of equal length are compared, so that neither content nor length shows in the time taken. */
function isAuthorised(header: string | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${secret}`))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Problem(413, 'too_large', 'The body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseJob(body: string): Job {
  const parsed = jobSchema.safeParse(parseJson(body))
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'body')
    throw new Problem(400, 'invalid_job', `Not a job: ${[...new Set(fields)].join(', ')}.`)
  }
  if (parsed.data.profile !== PROFILE) {
    throw new Problem(400, 'unknown_profile', `This transcoder makes profile ${PROFILE} only.`)
  }
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** RFC 9457. */
function answerProblem(response: ServerResponse, error: unknown) {
  if (response.headersSent) return response.destroy()
  const known =
    error instanceof Problem ? error : new Problem(500, 'internal', 'Something unexpected happened.')
  const { status, code, message, headers } = known
  const body = { type: 'about:blank', title: code, status, code, detail: message }
  answer(response, status, body, { ...headers, 'content-type': 'application/problem+json' })
}
