import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import config from '../openapi-ts.config.ts'
import { freePort, startService } from './local/service.ts'

type Operation = { operationId?: string; parameters?: { name: string; in: string }[] }
type OpenApiDocument = { paths: Record<string, Record<string, Operation>> }

const ROOT = join(import.meta.dirname, '..')
const HTTP_METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

const openApi = await readDocument()
writeFileSync(join(ROOT, 'docs', 'openapi.json'), `${JSON.stringify(openApi, null, 2)}\n`)
process.chdir(ROOT)
await createClient(await config)
writeFileSync(join(ROOT, 'sdk', 'generated', 'idempotent.gen.ts'), idempotentModule(openApi))

/** The document as the running service gives it. */
async function readDocument(): Promise<OpenApiDocument> {
  const stateDir = mkdtempSync(join(tmpdir(), 'segue-generate-'))
  const service = await startService({ stateDir, port: await freePort(), adminEmail: 'admin@segue.local' })
  try {
    const response = await fetch(`${service.url}/openapi.json`)
    if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`)
    return (await response.json()) as OpenApiDocument
  } finally {
    await service.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** Which operations take an Idempotency-Key, as a module. */
function idempotentModule(document: OpenApiDocument): string {
  const lines = Object.entries(document.paths).flatMap(([path, methods]) =>
    HTTP_METHODS.filter((method) =>
      methods[method]?.parameters?.some(
        ({ name, in: where }) => where === 'header' && name === 'idempotency-key',
      ),
    ).map((method) => `  '${method.toUpperCase()} ${path}',\n`),
  )
  return `// This file is made by npm run generate.

/** The operations that take an Idempotency-Key, as method and path template. */
export const IDEMPOTENT_OPERATIONS: ReadonlySet<string> = new Set([
${lines.join('')}])
`
}
