import { settingsOf } from '../platform/env.ts'
import { addressOf, callerOf, createRouter, dbOf, defineRoute, touch } from '../platform/http.ts'
import { publicKeySet } from '../platform/tokens.ts'
import {
  authSessionSchema,
  jsonWebKeySetSchema,
  logInSchema,
  refreshTokenSchema,
  signUpSchema,
  toAuthSession,
  toUser,
  userChangeSchema,
  userSchema,
} from './representations.ts'
import { getAccount, logIn, signUp, updateAccount } from './service.ts'
import { refresh, revoke } from './sessions.ts'

const AUTH_TAG = ['Auth']
const ME_TAG = ['Me']

const authSession = (description: string) => ({
  description,
  content: { 'application/json': { schema: authSessionSchema } },
})

const user = { description: 'The account', content: { 'application/json': { schema: userSchema } } }

const signUpRoute = defineRoute('public', {
  method: 'post',
  path: '/v1/auth/signup',
  operationId: 'signUp',
  tags: AUTH_TAG,
  summary: 'Make an account',
  description:
    'Makes an account with the role `listener` and the tier `free`, and signs it in. Answers 409 `email_taken` where the email has an account, and 429 with `Retry-After` after too many sign-ups from one network.',
  request: { body: { required: true, content: { 'application/json': { schema: signUpSchema } } } },
  responses: { 201: authSession('The account and its first tokens') },
})

const logInRoute = defineRoute('public', {
  method: 'post',
  path: '/v1/auth/login',
  operationId: 'logIn',
  tags: AUTH_TAG,
  summary: 'Sign in by email and password',
  description:
    'Answers 401 `invalid_credentials` alike for an unknown email and a wrong password. After several failures each further try has to wait, longer every time: 429 with `Retry-After`.',
  request: { body: { required: true, content: { 'application/json': { schema: logInSchema } } } },
  responses: { 200: authSession('The account and its tokens') },
})

const refreshRoute = defineRoute('public', {
  method: 'post',
  path: '/v1/auth/refresh',
  operationId: 'refreshTokens',
  tags: AUTH_TAG,
  summary: 'Exchange a refresh token',
  description:
    'Spends a refresh token and gives the next one with a new access token, in which role and tier are up to date. A spent token gives the same successor again for 30 seconds; shown later, it ends the whole sign-in with 401 `invalid_token`, since somebody else holds it. A sign-in lasts 60 days from its last refresh, at most a year.',
  request: { body: { required: true, content: { 'application/json': { schema: refreshTokenSchema } } } },
  responses: { 200: authSession('The account and its next tokens') },
})

const logOutRoute = defineRoute('public', {
  method: 'post',
  path: '/v1/auth/logout',
  operationId: 'logOut',
  tags: AUTH_TAG,
  summary: 'Sign out',
  description:
    'Ends the sign-in of a refresh token. A token that is not valid is answered the same (RFC 7009, section 2.2). Access tokens already given live out their 15 minutes.',
  request: { body: { required: true, content: { 'application/json': { schema: refreshTokenSchema } } } },
  responses: { 204: { description: 'Signed out' } },
})

const getMeRoute = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/me',
  operationId: 'getMe',
  tags: ME_TAG,
  summary: 'Read the own account',
  description: 'The account of the access token, as it stands now.',
  responses: { 200: user },
})

const updateMeRoute = defineRoute('signed-in', {
  method: 'patch',
  path: '/v1/me',
  operationId: 'updateMe',
  tags: ME_TAG,
  summary: 'Change the own account',
  description: 'Changes the members that are given. Members that cannot be changed here are refused.',
  request: { body: { required: true, content: { 'application/json': { schema: userChangeSchema } } } },
  responses: { 200: user },
})

const jwksRoute = defineRoute('public', {
  method: 'get',
  path: '/.well-known/jwks.json',
  operationId: 'getJwks',
  tags: AUTH_TAG,
  summary: 'Read the public keys of access tokens',
  description: 'A JSON Web Key Set (RFC 7517), by which other services verify access tokens.',
  responses: {
    200: { description: 'The keys', content: { 'application/json': { schema: jsonWebKeySetSchema } } },
  },
})

/** Accounts: sign-up, sign-in, and the account itself. */
export const authRoutes = createRouter()

authRoutes.openapi(signUpRoute, async (c) => {
  const settings = settingsOf(c.env)
  const nowMs = Date.now()
  const input = { ...c.req.valid('json'), address: addressOf(c) }
  const grant = await signUp(dbOf(c, 'first-primary'), settings, c.env.THROTTLE, input, nowMs)
  touch(c, { accountId: grant.account.id })
  return c.json(await toAuthSession(settings, grant, nowMs), 201)
})

authRoutes.openapi(logInRoute, async (c) => {
  const settings = settingsOf(c.env)
  const nowMs = Date.now()
  const input = { ...c.req.valid('json'), address: addressOf(c) }
  const grant = await logIn(dbOf(c, 'first-primary'), settings, c.env.THROTTLE, input, nowMs)
  touch(c, { accountId: grant.account.id })
  return c.json(await toAuthSession(settings, grant, nowMs), 200)
})

authRoutes.openapi(refreshRoute, async (c) => {
  const settings = settingsOf(c.env)
  const nowMs = Date.now()
  const { refreshToken } = c.req.valid('json')
  const grant = await refresh(dbOf(c, 'first-primary'), settings, refreshToken, nowMs)
  touch(c, { accountId: grant.account.id })
  return c.json(await toAuthSession(settings, grant, nowMs), 200)
})

authRoutes.openapi(logOutRoute, async (c) => {
  const { refreshToken } = c.req.valid('json')
  await revoke(dbOf(c, 'first-primary'), settingsOf(c.env), refreshToken, Date.now())
  return c.body(null, 204)
})

authRoutes.openapi(getMeRoute, async (c) => {
  const account = await getAccount(dbOf(c, 'first-primary'), callerOf(c).accountId)
  return c.json(toUser(account), 200)
})

authRoutes.openapi(updateMeRoute, async (c) => {
  const { accountId } = callerOf(c)
  const account = await updateAccount(dbOf(c, 'first-primary'), accountId, c.req.valid('json'), Date.now())
  touch(c, { accountId })
  return c.json(toUser(account), 200)
})

authRoutes.openapi(jwksRoute, (c) => {
  c.header('Cache-Control', 'public, max-age=300')
  c.header('Access-Control-Allow-Origin', '*')
  return c.json(publicKeySet(settingsOf(c.env)), 200)
})
