import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { type DbSession, openDb, type SessionStart } from './db.ts'
import { settingsOf } from './env.ts'
import { type FieldError, ProblemError, problemSchema } from './errors.ts'
import { type Caller, type Role, verifyAccessToken } from './tokens.ts'

export type AppEnv = {
  Bindings: Env
  Variables: {
    requestId: string
    caller?: Caller
    /** Refuses a suspended account. */
    requireActive: (accountId: string) => Promise<void>
    sessions: Map<string, DbSession>
    /** Ids that the request touched, for its log line. */
    touched: Record<string, string>
  }
}
export type AppContext = Context<AppEnv>

/** Request and response header that carries a D1 bookmark, so that a client reads what it wrote. */
export const BOOKMARK_HEADER = 'x-segue-bookmark'

/** Who may call a route: anybody, any signed-in account, or accounts of these roles. */
export type Access = 'public' | 'signed-in' | readonly Role[]

/** A router whose refused input becomes a `validation_failed` problem with a pointer for each member. */
export function createRouter() {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const errors: FieldError[] = result.error.issues.map((issue) => ({
        pointer: `/${[result.target, ...issue.path].map((part) => pointerToken(String(part))).join('/')}`,
        detail: issue.message,
      }))
      const first = errors[0]
      throw new ProblemError('validation_failed', first && `${first.pointer}: ${first.detail}`, { errors })
    },
  })
}

/** RFC 6901 section 3. */
function pointerToken(text: string): string {
  return text.replaceAll('~', '~0').replaceAll('/', '~1')
}

/**
 * Declares an operation: who may call it stands first, is enforced before anything of the request is read,
 * and is written into the OpenAPI document. Every operation may also answer with a problem.
 */
export function defineRoute<P extends string, R extends Omit<RouteConfig, 'path'> & { path: P }>(
  access: Access,
  route: R,
) {
  const declared = {
    ...route,
    security: access === 'public' ? [] : [{ bearer: [] }],
    responses: {
      ...route.responses,
      default: {
        description: 'A problem (RFC 9457)',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
    middleware: [...(access === 'public' ? [] : [authorise(access)]), ...middlewareOf(route)],
  }
  // What is added changes nothing that a handler's types depend on: problems are thrown, not returned.
  return createRoute<P, R>(declared as unknown as R)
}

/** Writes a declared operation into the OpenAPI document where another one's handler serves it: HEAD beside GET. */
export function documentRoute(router: ReturnType<typeof createRouter>, route: RouteConfig): void {
  const { middleware: _, ...documented } = route
  router.openAPIRegistry.registerPath(documented)
}

function middlewareOf(route: Pick<RouteConfig, 'middleware'>): MiddlewareHandler[] {
  return route.middleware === undefined ? [] : [route.middleware].flat()
}

function authorise(access: Exclude<Access, 'public'>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const caller = await authenticate(c)
    if (access !== 'signed-in' && !access.includes(caller.role)) {
      throw new ProblemError('forbidden', `This needs one of the roles ${access.join(', ')}.`)
    }
    await c.get('requireActive')(caller.accountId)
    c.set('caller', caller)
    await next()
  }
}

async function authenticate(c: AppContext): Promise<Caller> {
  const header = c.req.header('authorization')
  const token = header?.match(/^Bearer +([A-Za-z0-9_.-]+)$/i)?.[1]
  if (!token) {
    throw new ProblemError('unauthenticated', 'Send an access token: Authorization: Bearer …', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
  return verifyAccessToken(settingsOf(c.env), token, Date.now())
}

/** The caller of a route that is not public. */
export function callerOf(c: AppContext): Caller {
  const caller = c.get('caller')
  if (!caller) throw new ProblemError('unauthenticated')
  return caller
}

/**
 * The request's D1 session. Without `start` it continues from the client's bookmark; authentication and
 * authorisation pass `first-primary`.
 */
export function dbOf(c: AppContext, start?: SessionStart) {
  const sessions = c.get('sessions')
  const from = start ?? c.req.header(BOOKMARK_HEADER)?.slice(0, 256) ?? 'first-unconstrained'
  const session = sessions.get(from) ?? openDb(c.env.DB, from)
  sessions.set(from, session)
  return session.db
}

/** The bookmark of the session that was used last; null where D1 was not asked. */
export function bookmarkOf(c: AppContext): string | null {
  return [...c.get('sessions').values()].at(-1)?.bookmark() ?? null
}

/** The network address of the client, for throttling only; it is not logged. */
export function addressOf(c: AppContext): string {
  return c.req.header('cf-connecting-ip') ?? 'unknown'
}

/** Notes an id for the request's log line. */
export function touch(c: AppContext, ids: Record<string, string>): void {
  Object.assign(c.get('touched'), ids)
}
