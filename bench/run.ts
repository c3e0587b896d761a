import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from './support/bench.ts'
import { figureLine, figureTable } from './support/figures.ts'

const BENCHES: Record<string, () => Promise<Bench>> = {
  bundle: async () => (await import('./bundle.ts')).bundle,
  import: async () => (await import('./import.ts')).importFolder,
  start: async () => (await import('./start.ts')).start,
  streaming: async () => (await import('./streaming.ts')).streaming,
  transcode: async () => (await import('./transcode.ts')).transcode,
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isJson = process.argv.includes('--json')
const [name = ''] = names
const load = BENCHES[name]
if (!load || names.length > 1) {
  console.error(
    `Usage: npm run bench -- NAME [--json], where NAME is one of: ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), `segue-bench-${name}-`))
const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await cleanUp()
    process.exit(1)
  })
}

try {
  const bench = await load()
  const figures = await bench({
    folder,
    note: (text) => console.error(`[${name}] ${text}`),
    defer: (step) => undo.push(step),
  })
  if (isJson) for (const figure of figures) console.log(figureLine(name, figure))
  else console.log(`\n${name}\n\n${figureTable(figures)}\n`)
  process.exitCode = figures.some(({ isMet }) => isMet === false) ? 1 : 0
} finally {
  await cleanUp()
}

async function cleanUp(): Promise<void> {
  for (let step = undo.pop(); step; step = undo.pop()) await step()
}
