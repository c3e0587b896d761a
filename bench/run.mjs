// Plain JavaScript without dependencies: sets up, then hands over to run.ts on the project's own Node.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, setUp } from '../scripts/setup.mjs'

// The standard output is for figures.
console.log = console.error
const { node, env } = await setUp().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
const script = join(ROOT, 'bench', 'run.ts')
const child = spawn(node, [script, ...process.argv.slice(2)], { cwd: ROOT, env, stdio: 'inherit' })
// The terminal sends Ctrl-C to both; a SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
