import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Segue } from '../../sdk/client.ts'
import type { BenchContext } from '../support/bench.ts'
import { atLeast, type Figure, told } from '../support/figures.ts'
import { startNginx } from '../support/nginx.ts'
import { rangesPerSecond, type Target } from '../support/ranges.ts'
import { download, mediaUrl, publish } from '../support/segue.ts'
import { alternate, median, medianRatio } from '../support/statistics.ts'
import { cpuMs, workerdPids } from '../support/workerd.ts'
import { startBareWorker } from '../support/wrangler.ts'

const CONNECTIONS = 16
/** Many short slices, so that what else the machine does meets all sides alike. */
const ROUNDS = 50
const SLICE_MS = 750
const FILE = 'flac.mp4'

/** Random ranges of one object that lies in the cache: Segue, a bare Worker on the same runtime and nginx, in turn. */
export async function measureWarm(
  context: BenchContext,
  segue: Segue,
  workerPid: number,
  music: string,
): Promise<Figure[]> {
  const url = await mediaUrl(segue, await publish(segue, music), FILE)
  const content = await download(url)
  const bareSide = await bareTarget(context, content)
  const targets: Record<string, Target> = {
    segue: { url, content },
    bare: bareSide.target,
    ...(await nginxTarget(context, content)),
  }
  context.note('asking for ranges')
  const pids = { segue: workerPid, bare: bareSide.pid }
  const cost: Record<keyof typeof pids, number[]> = { segue: [], bare: [] }
  const slice = (target: Target) => (round: number) =>
    rangesPerSecond(target, { connections: CONNECTIONS, durationMs: SLICE_MS, round })
  for (const target of Object.values(targets)) await slice(target)(0)
  const sides = Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, slice(target)]))
  for (const side of ['segue', 'bare'] as const) {
    const ask = sides[side]
    if (ask) sides[side] = (round) => withCost(pids[side], cost[side], () => ask(round))
  }
  const rates = await alternate(ROUNDS, sides, (round, values) =>
    context.note(`round ${round}: ${JSON.stringify(values)} requests/s`),
  )
  const { segue: ours = [], bare = [], nginx } = rates
  return [
    told('warm ranges, Segue', median(ours), 'requests/s'),
    told('warm ranges, bare Worker', median(bare), 'requests/s'),
    atLeast(0.95, 'warm ranges, Segue to bare Worker', medianRatio(ours, bare), 'ratio'),
    told('processor time a request, Segue', median(cost.segue), 'ms'),
    told('processor time a request, bare Worker', median(cost.bare), 'ms'),
    ...(nginx
      ? [
          told('warm ranges, nginx', median(nginx), 'requests/s'),
          told('warm ranges, Segue to nginx', medianRatio(ours, nginx), 'ratio'),
        ]
      : []),
  ]
}

async function bareTarget(
  context: BenchContext,
  content: Buffer<ArrayBuffer>,
): Promise<{ target: Target; pid: number }> {
  const worker = await startBareWorker('cache', join(context.folder, 'cache'))
  context.defer(() => worker.program.stop())
  const url = `${worker.url}/${FILE}`
  const put = await fetch(url, { method: 'PUT', body: content })
  if (!put.ok) throw new Error(`the bare Worker's cache answered ${put.status}`)
  return { target: { url, content }, pid: worker.program.pid }
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

/** Runs a slice, and notes what processor time a request took in the runtime's processes. */
async function withCost(leaderPid: number, costs: number[], slice: () => Promise<number>): Promise<number> {
  const spent = () => workerdPids(leaderPid).reduce((sum, pid) => sum + cpuMs(pid), 0)
  const [before, startedAt] = [spent(), performance.now()]
  const rate = await slice()
  costs.push((spent() - before) / ((rate * (performance.now() - startedAt)) / 1000))
  return rate
}
