import { describe, expect, it } from 'vitest'
import { openApiValidator } from '../support/openapi-validator.ts'

const item = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string' } },
  additionalProperties: false,
}
const validate = openApiValidator({
  openapi: '3.1.0',
  components: { schemas: { Item: item } },
  paths: {
    '/v1/items/{id}': {
      get: {
        operationId: 'getItem',
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } },
          default: {
            content: { 'application/problem+json': { schema: { type: 'object', required: ['code'] } } },
          },
        },
      },
    },
  },
})
const check = (response: Response) => validate('GET', 'https://segue.test/v1/items/1', response)

describe('the comparison with the OpenAPI document', () => {
  it('lets a declared answer pass', async () => {
    await expect(check(Response.json({ id: '1' }))).resolves.toBeUndefined()
  })

  it.each([
    ['a body of another shape', Response.json({ id: 1 })],
    ['a member that is not declared', Response.json({ id: '1', secret: true })],
    ['a type that is not declared', new Response('1', { headers: { 'content-type': 'text/plain' } })],
    ['a status that is not declared', new Response(null, { status: 204 })],
    ['an error that is no problem document', Response.json({ error: 'no' }, { status: 404 })],
  ])('refuses %s', async (_, response) => {
    await expect(check(response)).rejects.toThrow('GET /v1/items/{id}')
  })
})
