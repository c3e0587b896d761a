import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createSegue, type Segue } from '../../sdk/client.ts'
import type { Service } from './service.ts'

const madeTrackSchema = z.object({ file: z.string(), title: z.string() })
const uploadedSchema = z.object({ trackId: z.string() })

/**
 * Gives an empty library its demo album, once: composes it, imports it, and says where to hear each track as it becomes
 * ready. SEGUE_DEMO=off leaves it out.
 */
export async function offerDemoAlbum(
  service: Service,
  stateDir: string,
  say: (line: string) => void,
): Promise<void> {
  const stamp = join(stateDir, 'demo-offered')
  if (process.env.SEGUE_DEMO === 'off' || existsSync(stamp)) return
  const segue = createSegue({ baseUrl: service.url })
  await segue.signIn(service.admin)
  const { items } = await segue.listTracks({ query: { owner: 'me', limit: 1 } })
  if (items.length === 0) {
    say('The library is empty: composing a demo album for it (SEGUE_DEMO=off leaves it out) …')
    await makeAndImport(segue, say)
  }
  writeFileSync(stamp, '')
}

async function makeAndImport(segue: Segue, say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'segue-demo-'))
  const maker = spawn(process.execPath, [join(import.meta.dirname, '..', 'demo-album', 'make.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    maker.once('error', reject)
    maker.once('exit', resolve)
  })
  const imports: Promise<void>[] = []
  for await (const line of createInterface({ input: maker.stdout })) {
    imports.push(importTrack(segue, madeTrackSchema.parse(JSON.parse(line)), say))
  }
  await Promise.all(imports)
  await rm(folder, { recursive: true, force: true })
  if ((await ended) !== 0) throw new Error('the demo album could not be composed')
}

async function importTrack(
  segue: Segue,
  made: z.infer<typeof madeTrackSchema>,
  say: (line: string) => void,
): Promise<void> {
  const response = await segue.fetch(`/v1/tracks?fileName=${encodeURIComponent(basename(made.file))}`, {
    method: 'POST',
    headers: { 'content-type': 'audio/flac' },
    body: await readFile(made.file),
  })
  const { trackId } = uploadedSchema.parse(await response.json())
  for (;;) {
    const { status } = await segue.getTrack({ path: { id: trackId } })
    if (status === 'failed') throw new Error(`the demo track ${made.title} could not be processed`)
    if (status === 'ready') break
    await sleep(500)
  }
  const { renditions } = await segue.getPlayback({ path: { id: trackId } })
  say(`♪ ${made.title}\n  ${renditions.at(-1)?.url ?? ''}`)
}
