import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { type Job, jobSchema } from '../../src/transcoding/protocol.ts'
import type { JobHandle } from '../support/tracks.ts'

/** A transcoder that notes the jobs it is given and answers as it is told. */
export function fakeTranscoder() {
  const state: { answer: number | 'down'; jobs: Job[] } = { answer: 202, jobs: [] }
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init)
    const isKnown = request.headers.get('authorization') === `Bearer ${env.TRANSCODER_SECRET}`
    if (request.url !== `${env.TRANSCODER_URL}/jobs` || !isKnown) return new Response(null, { status: 404 })
    if (state.answer === 'down') throw new TypeError('connection refused')
    state.jobs.push(jobSchema.parse(await request.json()))
    return new Response(null, { status: state.answer })
  })
  return state
}

/** The newest job as its transcoder knows it. */
export function handleOf({ jobs }: { jobs: Job[] }): JobHandle {
  const job = jobs.at(-1)
  if (!job) throw new Error('no job was given')
  const prefix = `renditions/${job.trackId}/${job.sourceHash}/${job.profile}/`
  return { trackId: job.trackId, attempt: job.attempt, token: job.token, prefix }
}

export type ProcessingState = {
  state: string
  attempt: number
  failures: number
  due_at: number | null
  failure_code: string | null
}

export async function processingOf(trackId: string): Promise<ProcessingState> {
  const row = await env.DB.prepare(
    'select processing.* from processing join tracks on tracks.pk = track_pk where id = ?',
  )
    .bind(trackId)
    .first<ProcessingState>()
  if (!row) throw new Error('the track is not there')
  return row
}

export async function objectsUnder(prefix: string): Promise<string[]> {
  return (await env.MEDIA.list({ prefix })).objects.map((object) => object.key.slice(prefix.length))
}

/** The real D1, where `happens` comes to its end between the first update's being asked for and its being done. */
export function beforeFirstUpdate(happens: () => Promise<unknown>): D1Database {
  let isOver = false
  const delayed = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => delayed(target.bind(...values))
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (!isOver) await happens()
          isOver = true
          return method.apply(target, args)
        }
      },
    })
  const session = (real: D1DatabaseSession): D1DatabaseSession =>
    new Proxy(real, {
      get: (target, name) =>
        name === 'prepare'
          ? (sql: string) => (sql.startsWith('update') ? delayed(target.prepare(sql)) : target.prepare(sql))
          : Reflect.get(target, name),
    })
  return new Proxy(env.DB, {
    get: (target, name) =>
      name === 'withSession'
        ? (start: string) => session(target.withSession(start))
        : Reflect.get(target, name),
  })
}
