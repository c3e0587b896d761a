// Plain JavaScript without dependencies: sets up, then runs every test on the project's own Node.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, setUp } from './setup.mjs'

const { node, env } = await setUp({ systemPackages: { chromium: 'chromium' } }).catch((error) => {
  console.error(error.message)
  process.exit(1)
})
const report = join(tmpdir(), `segue-test-${process.pid}.json`)
const args = [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]
const child = spawn(node, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
  cwd: ROOT,
  env,
  stdio: 'inherit',
})
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
const parent = process.ppid
setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 250).unref()
child.once('exit', (code) => {
  const { numPassedTests, numFailedTests, numTotalTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  // A file that does not load fails without a test of its own.
  const failed = numFailedTests === 0 && (code !== 0 || numFailedTestSuites > 0) ? 1 : numFailedTests
  console.log(
    `${numPassedTests} passed, ${failed} failed, ${numTotalTests - numPassedTests - numFailedTests} skipped`,
  )
  process.exit(code ?? 1)
})
