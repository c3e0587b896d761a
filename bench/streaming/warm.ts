import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Segue } from '../../sdk/client.ts'
import type { BenchContext } from '../support/bench.ts'
import { atLeast, type Figure, told } from '../support/figures.ts'
import { startNginx } from '../support/nginx.ts'
import { rangesPerSecond, type Target } from '../support/ranges.ts'
import { download, mediaUrl, publish } from '../support/segue.ts'
import { alternate, median, medianRatio } from '../support/statistics.ts'
import { startBareWorker } from '../support/wrangler.ts'

const CONNECTIONS = 16
const ROUNDS = 21
const SLICE_MS = 2_000
const FILE = 'flac.mp4'

/** Random ranges of one object that lies in the cache: Segue, a bare Worker on the same runtime and nginx, in turn. */
export async function measureWarm(context: BenchContext, segue: Segue, music: string): Promise<Figure[]> {
  const url = await mediaUrl(segue, await publish(segue, music), FILE)
  const content = await download(url)
  const targets: Record<string, Target> = {
    segue: { url, content },
    bare: await bareTarget(context, content),
    ...(await nginxTarget(context, content)),
  }
  context.note('asking for ranges')
  const slice = (target: Target) => (round: number) =>
    rangesPerSecond(target, { connections: CONNECTIONS, durationMs: SLICE_MS, round })
  for (const target of Object.values(targets)) await slice(target)(0)
  const sides = Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, slice(target)]))
  const rates = await alternate(ROUNDS, sides, (round, values) =>
    context.note(`round ${round}: ${JSON.stringify(values)} requests/s`),
  )
  const { segue: ours = [], bare = [], nginx } = rates
  return [
    told('warm ranges, Segue', median(ours), 'requests/s'),
    told('warm ranges, bare Worker', median(bare), 'requests/s'),
    atLeast(0.95, 'warm ranges, Segue to bare Worker', medianRatio(ours, bare), 'ratio'),
    ...(nginx
      ? [
          told('warm ranges, nginx', median(nginx), 'requests/s'),
          told('warm ranges, Segue to nginx', medianRatio(ours, nginx), 'ratio'),
        ]
      : []),
  ]
}

async function bareTarget(context: BenchContext, content: Buffer<ArrayBuffer>): Promise<Target> {
  const worker = await startBareWorker('cache', join(context.folder, 'cache'))
  context.defer(() => worker.program.stop())
  const url = `${worker.url}/${FILE}`
  const put = await fetch(url, { method: 'PUT', body: content })
  if (!put.ok) throw new Error(`the bare Worker's cache answered ${put.status}`)
  return { url, content }
}

async function nginxTarget(context: BenchContext, content: Buffer): Promise<{ nginx?: Target }> {
  const root = join(context.folder, 'files')
  mkdirSync(root)
  writeFileSync(join(root, FILE), content)
  const url = await startNginx(context, root)
  if (url !== null) return { nginx: { url: `${url}/${FILE}`, content } }
  context.note('no nginx here, and no right to install it: left out')
  return {}
}
