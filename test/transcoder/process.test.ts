import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fixture, fixturePath, noise } from './support/fixtures.ts'
import { offerJob, SECRET } from './support/transcoder.ts'
import { startWorker, type WorkerDouble } from './support/worker.ts'

const SERVER = fileURLToPath(new URL('../../workers/transcoder/server.ts', import.meta.url))

let worker: WorkerDouble
let workDir: string
const children: ChildProcess[] = []

beforeEach(async () => {
  worker = await startWorker()
  workDir = await mkdtemp(fixturePath('work-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await worker.close()
})

/** The program itself, as it runs in its container. */
async function startProgram(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH, PORT: '0', TRANSCODER_SECRET: SECRET, WORK_DIR: workDir, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, url } = JSON.parse(line)
    if (event === 'boot') return { child, url: String(url) }
  }
  throw new Error('the program ended before it was ready')
}

/** A job that is encoding, with everything that this takes on the disk. */
async function startEncoding(url: string) {
  const job = await worker.job(await fixture('long.flac', noise({ seconds: 20 })), 'flac')
  await offerJob(url, job)
  await worker.until(() => worker.order.find((line) => line.includes('waveform.json')))
  return job
}

const processesOn = async (folder: string) => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(folder))
}

it.for(['SIGTERM', 'SIGINT'] as const)('ends at %s with nothing half-made', async (signal) => {
  const { child, url } = await startProgram()
  const job = await startEncoding(url)
  child.kill(signal)
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(await readdir(workDir)).toEqual([])
  expect(await processesOn(workDir)).toEqual([])
  expect(worker.events(job.trackId).filter(({ type }) => type !== 'progress')).toEqual([])
})

it('cleans up after a crash when it starts again, and does the job again', async () => {
  const first = await startProgram()
  const job = await startEncoding(first.url)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect(await readdir(workDir)).toHaveLength(1)
  const second = await startProgram()
  expect(await readdir(workDir)).toEqual([])
  await offerJob(second.url, { ...job, attempt: 2 })
  expect(await worker.ending(job.trackId)).toEqual({ type: 'done' })
})

it('reports an ffmpeg that is killed as a fault of its own, worth another try', async () => {
  const script = fixturePath('ffmpeg-that-dies')
  await writeFile(
    script,
    '#!/bin/sh\ncase "$*" in *frag_duration*) kill -KILL $$;; esac\nexec /usr/bin/env -S PATH=/usr/local/bin:/usr/bin:/bin ffmpeg "$@"\n',
    { mode: 0o755 },
  )
  const { url } = await startProgram({ FFMPEG_PATH: script })
  const job = await worker.job(await fixture('short.flac', noise({ seconds: 1 })), 'flac')
  await offerJob(url, job)
  expect(await worker.ending(job.trackId)).toMatchObject({ code: 'transcoder_error', isRetryable: true })
})

it('gives up a job that takes too long', async () => {
  const { url } = await startProgram({ JOB_TIMEOUT_S: '0.3' })
  const job = await worker.job(await fixture('long.flac', noise({ seconds: 20 })), 'flac')
  await offerJob(url, job)
  expect(await worker.ending(job.trackId)).toMatchObject({ code: 'too_long', isRetryable: false })
})

it('fingerprints nothing where there is no fpcalc', async () => {
  const { url } = await startProgram({ FPCALC_PATH: 'none' })
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ fingerprint: false })
})
