import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { DOCUMENT_INFO } from '../../src/platform/docs.ts'
import { app } from '../../workers/app.ts'
import { operationsOf } from '../support/openapi-validator.ts'

/** What anybody may do; an operation that is public and not in here fails the test. */
const PUBLIC = [
  'getHealth',
  'getJwks',
  'getMedia',
  'getMediaHead',
  'getReadiness',
  'getUploadOptions',
  'logIn',
  'logOut',
  'refreshTokens',
  'signUp',
]

const operations = operationsOf(JSON.parse(JSON.stringify(app.getOpenAPI31Document(DOCUMENT_INFO))))
const isPublic = (operation: (typeof operations)[number]) => operation.security?.length === 0

describe('without a token', () => {
  it('only these operations are public', () => {
    const found = operations.filter(isPublic).map((operation) => operation.operationId)
    expect(found.toSorted()).toEqual(PUBLIC)
  })

  it.each(
    operations
      .filter((operation) => !isPublic(operation))
      .map((operation) => [operation.operationId, operation] as const),
  )('%s answers 401 and says how to authenticate', async (_, { method, path }) => {
    const url = `https://segue.test${path.replace(/\{[^}]+\}/g, 'x')}`
    const headers = { 'tus-resumable': '1.0.0' }
    const response = await exports.default.fetch(url, { method: method.toUpperCase(), headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    if (method !== 'head') expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
  })
})
