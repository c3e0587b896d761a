// Plain JavaScript without dependencies: sets up, then hands over to serve.ts on the project's own Node.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, setUp } from './setup.mjs'

const { node, env } = await setUp().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
const child = spawn(node, [join(ROOT, 'scripts', 'serve.ts')], { cwd: ROOT, env, stdio: 'inherit' })
// The terminal sends Ctrl-C to both; a SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
// npm passes a SIGTERM to the shell between it and this process, which dies of it without passing it on.
const parent = process.ppid
setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 250).unref()
child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
