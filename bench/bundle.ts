import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { startProgram } from '../scripts/local/processes.ts'
import { wranglerEnv } from '../scripts/local/wrangler-env.ts'
import type { BenchContext } from './support/bench.ts'
import { atMost, type Figure, told } from './support/figures.ts'
import { ROOT, WRANGLER } from './support/wrangler.ts'

const MB = 1_000_000

/** The size of the Worker as it is deployed: its modules, without source maps. */
export async function bundle(context: BenchContext): Promise<Figure[]> {
  const folder = join(context.folder, 'bundle')
  const lines: string[] = []
  // Containers would be built, which needs an engine for them.
  const args = ['deploy', '--dry-run', '--containers-rollout=none', '--outdir', folder]
  const program = startProgram('wrangler', process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: wranglerEnv(),
    onLine: (line) => lines.push(line),
  })
  if ((await program.exited) !== 0) throw new Error(`wrangler deploy --dry-run failed:\n${lines.join('\n')}`)
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(m?js|wasm|bin|txt|html|sql)$/.test(name))
    .map((name) => readFileSync(join(folder, name)))
  const whole = Buffer.concat(modules)
  return [
    told('Worker', whole.length / MB, 'MB'),
    atMost(1, 'Worker, gzipped', gzipSync(whole).length / MB, 'MB'),
  ]
}
