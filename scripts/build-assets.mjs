// Plain JavaScript without dependencies: npm start and npm test run it before they know their Node.
import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** The documentation page's script is a static asset: no Worker code and nobody else's server. */
export function copyDocsAssets() {
  const target = join(ROOT, 'dist', 'assets', 'docs-assets')
  mkdirSync(target, { recursive: true })
  cpSync(
    join(ROOT, 'node_modules', '@scalar', 'api-reference', 'dist', 'browser', 'standalone.js'),
    join(target, 'scalar.js'),
  )
  cpSync(join(ROOT, 'scripts', 'docs-page.js'), join(target, 'docs.js'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyDocsAssets()
