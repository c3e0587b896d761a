import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import {
  deliverySchema,
  deliverySql,
  jobsSql,
  parseTelemetry,
  queryTelemetry,
} from '../../src/operations/telemetry.ts'
import { JOB_COLUMNS, MEDIA_COLUMNS, toDataPoint } from '../../src/platform/analytics.ts'
import { settingsOf } from '../../src/platform/env.ts'
import { signIn } from '../support/accounts.ts'
import { codeOf, send } from '../support/http.ts'
import { ask, bench, seedTrack } from '../support/tracks.ts'

afterEach(() => vi.restoreAllMocks())

const item = deliverySchema.shape.items.element
/** As the SQL API answers (https://developers.cloudflare.com/analytics/analytics-engine/sql-api/). */
const answered = (data: unknown[]) => ({
  meta: [
    { name: 'day', type: 'String' },
    { name: 'outcome', type: 'String' },
    { name: 'file', type: 'String' },
    { name: 'answers', type: 'UInt64' },
    { name: 'bytes', type: 'Float64' },
  ],
  data,
  rows: data.length,
  rows_before_limit_at_least: data.length,
})
const row = { day: '2026-03-01', outcome: 'hit', file: 'aac-128.mp4', answers: '12', bytes: 48_000 }

describe('telemetry', () => {
  it('asks for the columns that are written, for a whole number of days', () => {
    expect(
      deliverySql(7),
    ).toBe(`SELECT formatDateTime(timestamp, '%Y-%m-%d') AS day, blob1 AS outcome, blob2 AS file,
  SUM(_sample_interval) AS answers, SUM(_sample_interval * double1) AS bytes
FROM segue_media
WHERE timestamp > NOW() - INTERVAL '7' DAY
GROUP BY day, outcome, file
ORDER BY day DESC, answers DESC
LIMIT 1000
FORMAT JSON`)
    expect(jobsSql(90)).toContain("FROM segue_jobs\nWHERE timestamp > NOW() - INTERVAL '90' DAY")
    expect(jobsSql(1)).toContain('blob2 AS format')
    for (const days of [0, 91, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => deliverySql(days)).toThrow()
      expect(() => jobsSql(days)).toThrow()
    }
  })

  it('writes each value into the column that its name has', () => {
    const media = {
      outcome: 'hit',
      file: 'f',
      country: 'NZ',
      colo: 'AKL',
      tier: 'free',
      bytes: 5,
      status: 206,
    }
    expect(toDataPoint(MEDIA_COLUMNS, 'track_x', media)).toEqual({
      indexes: ['track_x'],
      blobs: ['hit', 'f', 'NZ', 'AKL', 'free'],
      doubles: [5, 206],
    })
    for (const columns of [MEDIA_COLUMNS, JOB_COLUMNS]) {
      const names = Object.values(columns)
      expect(new Set(names).size).toBe(names.length)
      expect(names.filter((name) => name.startsWith('blob')).length).toBeLessThanOrEqual(20)
      expect(names.filter((name) => name.startsWith('double')).length).toBeLessThanOrEqual(20)
    }
  })

  it('reads sums that come as text as numbers, and text as text', () => {
    expect(parseTelemetry(answered([row, { ...row, file: '7' }]), item)).toEqual([
      { ...row, answers: 12 },
      { ...row, answers: 12, file: '7' },
    ])
    expect(parseTelemetry(answered([]), item)).toEqual([])
  })

  it('that is not configured is unavailable, for admins, and forbidden to all others', async () => {
    for (const path of ['/v1/admin/telemetry/delivery', '/v1/admin/telemetry/jobs?days=30']) {
      const answer = await send('GET', path, { headers: (await signIn({ role: 'admin' })).headers })
      expect(answer.status).toBe(503)
      expect(await codeOf(answer)).toBe('unavailable')
      expect((await send('GET', path, { headers: (await signIn({ role: 'artist' })).headers })).status).toBe(
        403,
      )
    }
    const { headers } = await signIn({ role: 'admin' })
    for (const days of ['0', '91', 'x', '1;drop'])
      expect((await send('GET', `/v1/admin/telemetry/delivery?days=${days}`, { headers })).status).toBe(400)
  })

  it('sends the token and the SQL, and answers what comes back', async () => {
    const { env: configured } = bench()
    Object.assign(configured, { ANALYTICS_ACCOUNT_ID: 'acc', ANALYTICS_TOKEN: 'secret' })
    const requests: Request[] = []
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      requests.push(new Request(input, init))
      return Response.json(answered([row]))
    })
    const { headers } = await signIn({ role: 'admin' })
    const answer = await ask(configured, 'GET', '/v1/admin/telemetry/delivery?days=3', { headers })
    expect(await answer.json()).toEqual({ items: [{ ...row, answers: 12 }] })
    expect(requests[0]?.url).toBe('https://api.cloudflare.com/client/v4/accounts/acc/analytics_engine/sql')
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer secret')
    expect(await requests[0]?.text()).toBe(deliverySql(3))
  })

  const odd: [string, () => Promise<Response>][] = [
    ['an error', async () => new Response('no', { status: 403 })],
    ['no JSON', async () => new Response('<html>')],
    ['another shape', async () => Response.json({ data: 1 })],
    ['rows of another shape', async () => Response.json(answered([{ day: 1 }]))],
    ['nothing', () => Promise.reject(new TypeError('away'))],
  ]
  it.each(odd)('that answers %s is unavailable', async (_, respond) => {
    const settings = { ...settingsOf(env), ANALYTICS_ACCOUNT_ID: 'acc', ANALYTICS_TOKEN: 'secret' }
    await expect(queryTelemetry(settings, 'SELECT 1', item, respond)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

describe('health', () => {
  const readinessSchema = z.object({
    isReady: z.boolean(),
    checks: z.record(z.string(), z.boolean().nullable()),
    oldestQueuedJobMs: z.number().nullable(),
  })
  const ready = async (change: Partial<Env>) => {
    const answer = await ask(bench(change).env, 'GET', '/readyz')
    return { status: answer.status, ...readinessSchema.parse(await answer.json()) }
  }
  const rejecting = () => Promise.reject(new Error('away'))
  const noStorage = new Proxy(env.MEDIA, { get: () => rejecting })
  const statement = {
    bind: () => statement,
    all: rejecting,
    raw: rejecting,
    run: rejecting,
    first: rejecting,
  }
  const session = { prepare: () => statement, batch: rejecting, getBookmark: () => null }
  const noDatabase = new Proxy(env.DB, { get: () => () => session })

  it('says that the service is alive, whatever it depends on', async () => {
    const answer = await ask(bench({ DB: noDatabase, MEDIA: noStorage }).env, 'GET', '/healthz')
    expect(await answer.json()).toEqual({ isAlive: true })
  })

  it('is ready with its container asleep, and says how long the oldest job has waited', async () => {
    expect(await ready({ TRANSCODER_URL: '' })).toMatchObject({
      status: 200,
      isReady: true,
      checks: { database: true, storage: true, transcoder: null },
      oldestQueuedJobMs: null,
    })
    await seedTrack(await signIn({ role: 'artist' }))
    await env.DB.prepare("update processing set queued_at = ? where state = 'queued'")
      .bind(Date.now() - 90_000)
      .run()
    const { oldestQueuedJobMs } = await ready({ TRANSCODER_URL: '' })
    expect(Math.round((oldestQueuedJobMs ?? 0) / 10_000)).toBe(9)
  })

  it('pings a transcoder that is a process of its own', async () => {
    const spy = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation(async () => Response.json({ ok: true, running: 0 }))
    expect(await ready({})).toMatchObject({ status: 200, checks: { transcoder: true } })
    spy.mockRejectedValue(new TypeError('away'))
    expect(await ready({})).toMatchObject({ status: 503, isReady: false, checks: { transcoder: false } })
  })

  it.each([
    ['database', { DB: noDatabase }],
    ['storage', { MEDIA: noStorage }],
  ] as [string, Partial<Env>][])('is not ready without its %s', async (check, change) => {
    const answer = await ready({ ...change, TRANSCODER_URL: '' })
    expect(answer).toMatchObject({ status: 503, isReady: false, checks: { [check]: false } })
  })
})
