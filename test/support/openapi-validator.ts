import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { z } from 'zod'

const contentSchema = z.record(z.string(), z.object({ schema: z.unknown().optional() }))
const operationSchema = z.object({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), z.object({ content: contentSchema.optional() })),
})
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
})

type Operation = z.infer<typeof operationSchema> & { method: string; path: string }

/** Every operation of an OpenAPI document. */
export function operationsOf(document: unknown): Operation[] {
  const { paths } = documentSchema.parse(document)
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...operationSchema.parse(operation),
      method,
      path,
    })),
  )
}

/**
 * Compares answers with an OpenAPI 3.1 document.
 * @returns a function that throws an Error where an answer is not what its operation declares
 */
export function openApiValidator(document: unknown) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addSchema({ ...documentSchema.parse(document), $id: 'openapi' })
  const routes = operationsOf(document).map((operation) => ({
    operation,
    pattern: patternOf(operation.path),
  }))
  const compiled = new Map<string, ValidateFunction>()

  return async function validate(method: string, url: string, response: Response): Promise<void> {
    const { pathname } = new URL(url)
    if (method === 'OPTIONS' || pathname.startsWith('/internal/')) return
    const operation = findOperation(method, pathname)
    const where = `${method} ${operation?.path ?? pathname} → ${response.status}`
    const type = response.headers.get('content-type')?.split(';')[0] ?? null
    if (!operation) {
      if (response.status >= 400 && type !== 'application/problem+json')
        throw new Error(`${where}: not a problem document`)
      return
    }
    const name = String(response.status) in operation.responses ? String(response.status) : 'default'
    const declared = operation.responses[name]
    if (!declared || (name === 'default' && response.status < 400)) throw new Error(`${where}: not declared`)
    if (response.body === null || method === 'HEAD') return
    if (type === null || !declared.content?.[type]) throw new Error(`${where}: ${type} is not declared`)
    if (!type.includes('json')) return
    const body: unknown = await response.clone().json()
    const check = validatorFor(operation, name, type)
    if (!check(body))
      throw new Error(`${where}: ${ajv.errorsText(check.errors)} in ${JSON.stringify(body).slice(0, 600)}`)
  }

  function findOperation(method: string, pathname: string): Operation | undefined {
    const matching = (wanted: string) =>
      routes
        .filter(({ operation, pattern }) => operation.method === wanted && pattern.test(pathname))
        .toSorted((a, b) => a.operation.path.split('{').length - b.operation.path.split('{').length)[0]
        ?.operation
    return matching(method.toLowerCase()) ?? (method === 'HEAD' ? matching('get') : undefined)
  }

  function validatorFor(operation: Operation, status: string, type: string): ValidateFunction {
    const path = ['paths', operation.path, operation.method, 'responses', status, 'content', type, 'schema']
    const reference = `openapi#/${path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const known = compiled.get(reference) ?? ajv.compile({ $ref: reference })
    compiled.set(reference, known)
    return known
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`)
}
