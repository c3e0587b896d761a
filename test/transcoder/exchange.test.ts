import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixture, noise } from './support/fixtures.ts'
import { startTestTranscoder } from './support/transcoder.ts'
import { type Interference, startWorker, type WorkerDouble } from './support/worker.ts'

let worker: WorkerDouble
let transcoder: Awaited<ReturnType<typeof startTestTranscoder>>
let song: string

beforeAll(async () => {
  song = await fixture('song.flac', noise({ seconds: 2 }))
})
beforeEach(async () => {
  worker = await startWorker()
  transcoder = await startTestTranscoder({ slots: 1 })
})
afterEach(async () => {
  await transcoder.close()
  await worker.close()
})

/** Holds back every answer to GET until it is released. */
function holdInputs() {
  let release = () => {}
  const wait = new Promise<void>((resolve) => {
    release = resolve
  })
  worker.setInterference((method) => (method === 'GET' ? { status: 503, wait } : undefined))
  return () => {
    worker.setInterference(() => undefined)
    release()
  }
}

const once = (matches: (method: string, path: string) => boolean, status: number): Interference => {
  let isSpent = false
  return (method, path) => {
    if (isSpent || !matches(method, path)) return undefined
    isSpent = true
    return { status }
  }
}

const endOf = (trackId: string) => async () => {
  const line = transcoder.logged.find((fields) => fields.event === 'job' && fields.trackId === trackId)
  expect(line).toBeDefined()
  return line
}

describe('POST /jobs', () => {
  it('wants the secret', async () => {
    const job = await worker.job(song, 'flac')
    const answer = await transcoder.offer(job, 'something else')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(worker.order).toEqual([])
  })

  it('names what is wrong with a job', async () => {
    const job = await worker.job(song, 'flac')
    const answer = await transcoder.offer({ ...job, format: 'exe', inputUrl: 'file:///etc/passwd' })
    expect(answer.status).toBe(400)
    const problem = await answer.json()
    expect(problem).toMatchObject({ status: 400, code: 'invalid_job' })
    expect(JSON.stringify(problem)).toContain('format')
    expect(JSON.stringify(problem)).toContain('inputUrl')
  })

  it('refuses a profile that it does not make', async () => {
    const answer = await transcoder.offer({ ...(await worker.job(song, 'flac')), profile: 'p0' })
    expect(await answer.json()).toMatchObject({ status: 400, code: 'unknown_profile' })
  })

  it('is busy when no slot is free, and knows a job that is running already', async () => {
    const release = holdInputs()
    const first = await worker.job(song, 'flac')
    const second = await worker.job(song, 'flac')
    expect((await transcoder.offer(first)).status).toBe(202)
    expect((await transcoder.offer(first)).status).toBe(200)
    const busy = await transcoder.offer(second)
    expect(busy.status).toBe(429)
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(0)
    const health = await fetch(`${transcoder.url}/healthz`)
    expect(await health.json()).toMatchObject({
      ok: true,
      slots: 1,
      running: 1,
      ffmpeg: { version: expect.any(String) },
    })
    release()
    expect(await worker.ending(first.trackId)).toEqual({ type: 'done' })
  })

  it('lets a newer attempt take the place of an older one', async () => {
    const release = holdInputs()
    const old = await worker.job(song, 'flac')
    await transcoder.offer(old)
    await worker.until(() => worker.order.find((line) => line.startsWith('GET')))
    expect((await transcoder.offer({ ...old, attempt: 2 })).status).toBe(202)
    release()
    expect(await worker.ending(old.trackId)).toEqual({ type: 'done' })
    expect(transcoder.logged.find((line) => line.attempt === 1)).toMatchObject({ outcome: 'dropped' })
  })
})

describe('a job that nobody wants any more', () => {
  it.for<{ name: string; status: number; matches: (method: string, path: string) => boolean }>([
    { name: 'its input', status: 404, matches: (method) => method === 'GET' },
    { name: 'its first event', status: 410, matches: (_, path) => path.endsWith('/events') },
    { name: 'an output', status: 410, matches: (_, path) => path.endsWith('/aac-64.mp4') },
    { name: 'its manifest', status: 410, matches: (_, path) => path.endsWith('/manifest.json') },
  ])('is dropped without another word when $name is answered with $status', async ({ status, matches }) => {
    worker.setInterference((method, path) => (matches(method, path) ? { status } : undefined))
    const job = await worker.job(song, 'flac')
    await transcoder.offer(job)
    const line = await expect
      .poll(endOf(job.trackId), { timeout: 20_000 })
      .toBeDefined()
      .then(endOf(job.trackId))
    expect(line).toMatchObject({ outcome: 'dropped' })
    expect(worker.events(job.trackId).filter(({ type }) => type !== 'progress')).toEqual([])
    expect(worker.output(job.trackId, 'manifest.json')).toBeUndefined()
    expect(await transcoder.leftovers()).toEqual([])
  })
})

describe('a Worker that is away for a moment', () => {
  it.for<{ name: string; matches: (method: string, path: string) => boolean }>([
    { name: 'the input', matches: (method) => method === 'GET' },
    { name: 'an output', matches: (_, path) => path.endsWith('/aac-128.mp4') },
    { name: 'the manifest', matches: (_, path) => path.endsWith('/manifest.json') },
  ])('is asked again for $name', async ({ matches }) => {
    worker.setInterference(once(matches, 503))
    const job = await worker.job(song, 'flac')
    await transcoder.offer(job)
    expect(await worker.ending(job.trackId)).toEqual({ type: 'done' })
    expect(worker.manifest(job.trackId).renditions).toHaveLength(4)
  })
})

it('reports an output that is refused, and stores no manifest', async () => {
  worker.setInterference((_, path) => (path.endsWith('/aac-256.mp4') ? { status: 413 } : undefined))
  const job = await worker.job(song, 'flac')
  await transcoder.offer(job)
  expect(await worker.ending(job.trackId)).toMatchObject({ code: 'transcoder_error', isRetryable: true })
  expect(worker.output(job.trackId, 'manifest.json')).toBeUndefined()
})

it('drops its jobs when it closes, without a word, and leaves nothing behind', async () => {
  holdInputs()
  const job = await worker.job(song, 'flac')
  await transcoder.offer(job)
  await worker.until(() => worker.order.find((line) => line.startsWith('GET')))
  await transcoder.close()
  expect(await transcoder.leftovers()).toEqual([])
  expect(worker.events(job.trackId).filter(({ type }) => type !== 'progress')).toEqual([])
})
