import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import committed from '../../docs/openapi.json'

type Schema = {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  example?: unknown
  examples?: unknown
  properties?: Record<string, Schema>
  items?: Schema
}

const content = z.record(z.string(), z.looseObject({ schema: z.custom<Schema>().optional() }))
const operationSchema = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  tags: z.array(z.string()).optional(),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.string(), schema: z.custom<Schema>() }))
    .default([]),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: content.optional() })),
  security: z.array(z.unknown()).optional(),
})
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), z.custom<Schema>()) }),
})

const served = await (await exports.default.fetch('https://segue.test/openapi.json')).json()
const document = documentSchema.parse(served)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method,
    ...operation,
  })),
)

/** The places below a schema where a reader is left without an example. */
function withoutExample(schema: Schema, where: string): string[] {
  const known = schema.$ref
    ? document.components.schemas[schema.$ref.slice('#/components/schemas/'.length)]
    : schema
  if (!known || known.example !== undefined || known.examples !== undefined) return []
  if (known.enum || known.const !== undefined || known.type === 'boolean') return []
  if (known.properties)
    return Object.entries(known.properties).flatMap(([name, member]) =>
      withoutExample(member, `${where}.${name}`),
    )
  if (known.items) return withoutExample(known.items, `${where}[]`)
  return [where]
}

describe('the OpenAPI document', () => {
  it('is the one in docs/openapi.json, from which the client is made', () => {
    expect(committed, 'run npm run generate').toEqual(served)
  })

  it('has no two operations of one id', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(operations)('names and explains $name', ({ operationId, summary, tags, responses }) => {
    expect(operationId).toMatch(/^[a-z][A-Za-z]+$/)
    expect(summary).toMatch(/^\S.{3,79}[^.]$/)
    expect(tags).toHaveLength(1)
    expect(Object.keys(responses.default?.content ?? {})).toEqual(['application/problem+json'])
  })

  it.each(operations)('shows what to send to $name', ({ parameters, requestBody }) => {
    const parts = parameters
      .filter(({ in: where, name }) => where !== 'header' && name !== 'cursor' && name !== 'token')
      .map(({ name, schema }) => ({ name, schema }))
    const body = requestBody?.content['application/json']?.schema
    const all = body ? [...parts, { name: 'body', schema: body }] : parts
    expect(all.flatMap(({ name, schema }) => withoutExample(schema, name))).toEqual([])
  })

  it.each(operations.filter(({ method, security }) => method === 'post' && security?.length))(
    'takes an Idempotency-Key at $name where it creates something',
    ({ parameters, responses }) => {
      if (!responses[201]) return
      expect(parameters.map(({ name }) => name.toLowerCase())).toContain('idempotency-key')
    },
  )
})
