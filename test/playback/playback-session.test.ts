import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/platform/ids.ts'
import { ittyMethods } from '../../src/platform/itty.ts'
import { objectIdOf, objectOf } from '../../src/platform/placement.ts'
import { reportedAt } from '../../src/playback/service.ts'
import { signIn } from '../support/accounts.ts'
import { codeOf, send } from '../support/http.ts'

const PATH = '/v1/me/playback-session'
const NOON = '2026-01-01T12:00:00.000Z'
const LATER = '2026-01-01T12:05:00.000Z'

function report(change: Record<string, unknown> = {}) {
  const device = { id: 'kitchen', name: 'Kitchen' }
  return { trackId: newId('track'), positionMs: 73_500, device, isPaused: false, updatedAt: NOON, ...change }
}

async function evict(accountId: string): Promise<void> {
  // The class as a type argument of the stub is too deep for the compiler here, and says nothing that matters.
  const sessions = env.PLAYBACK_SESSION as unknown as DurableObjectNamespace
  await evictDurableObject(objectOf(sessions, accountId))
}

describe('the playback session', () => {
  it('is empty until a device reports', async () => {
    const { headers } = await signIn()
    const response = await send('GET', PATH, { headers })
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
  })

  it('gives another device what was reported', async () => {
    const { headers } = await signIn()
    const body = report()
    const put = await send('PUT', PATH, { headers, body })
    expect(put.status).toBe(200)
    expect(await put.json()).toEqual(body)
    expect(await (await send('GET', PATH, { headers })).json()).toEqual(body)
  })

  it.each(['Küche 🍳', '居間のスピーカー', 'سماعة', '100% “loud” %F0 \\ /', '👩‍👩‍👧 phone'])(
    'keeps the device name %s',
    async (name) => {
      const { headers } = await signIn()
      const body = report({ device: { id: 'x', name } })
      await send('PUT', PATH, { headers, body })
      expect(await (await send('GET', PATH, { headers })).json()).toMatchObject({ device: { id: 'x', name } })
    },
  )

  it('is still there after its object was evicted from memory', async () => {
    const { headers, accountId } = await signIn()
    const body = report()
    await send('PUT', PATH, { headers, body })
    await evict(accountId)
    expect(await (await send('GET', PATH, { headers })).json()).toEqual(body)
  })

  it('knows which report was later after an eviction too', async () => {
    const { headers, accountId } = await signIn()
    const later = report({ updatedAt: LATER })
    await send('PUT', PATH, { headers, body: later })
    await evict(accountId)
    expect(await (await send('PUT', PATH, { headers, body: report() })).json()).toEqual(later)
  })

  it('is not put back by a device that was offline, and tells it what stands', async () => {
    const { headers } = await signIn()
    const later = report({ updatedAt: LATER, device: { id: 'phone', name: 'Phone' } })
    await send('PUT', PATH, { headers, body: later })
    const late = await send('PUT', PATH, { headers, body: report({ updatedAt: NOON }) })
    expect(late.status).toBe(200)
    expect(await late.json()).toEqual(later)
    expect(await (await send('GET', PATH, { headers })).json()).toEqual(later)
  })

  it('takes the later to arrive of two reports of one time', async () => {
    const { headers } = await signIn()
    await send('PUT', PATH, { headers, body: report({ positionMs: 1 }) })
    const second = report({ positionMs: 2 })
    expect(await (await send('PUT', PATH, { headers, body: second })).json()).toEqual(second)
  })

  it('belongs to one account', async () => {
    const [ada, bob] = [await signIn(), await signIn()]
    await send('PUT', PATH, { headers: ada.headers, body: report() })
    expect((await send('GET', PATH, { headers: bob.headers })).status).toBe(204)
  })

  it('is refused without a token', async () => {
    expect(await codeOf(await send('GET', PATH))).toBe('unauthenticated')
    expect(await codeOf(await send('PUT', PATH, { body: report() }))).toBe('unauthenticated')
  })

  it.each([
    ['a track id of another kind', { trackId: newId('account') }],
    ['a negative position', { positionMs: -1 }],
    ['a position in fractions', { positionMs: 1.5 }],
    ['a position beyond a week', { positionMs: 7 * 24 * 3600 * 1000 + 1 }],
    ['a device without a name', { device: { id: 'x', name: ' ' } }],
    ['a device name that turns the text around it', { device: { id: 'x', name: 'a\u202eb' } }],
    ['half of an emoji', { device: { id: 'x', name: 'a\ud83c' } }],
    ['a device id of other characters', { device: { id: 'kü che', name: 'x' } }],
    ['a time that is none', { updatedAt: 'yesterday' }],
    ['a missing device', { device: undefined }],
  ])('refuses %s', async (_, change) => {
    const { headers } = await signIn()
    const response = await send('PUT', PATH, { headers, body: report(change) })
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('validation_failed')
    expect((await send('GET', PATH, { headers })).status).toBe(204)
  })

  it('takes now for a report without a time, and not paused for one that does not say', async () => {
    const { headers } = await signIn()
    const { updatedAt: _, isPaused: __, ...rest } = report()
    const before = Date.now()
    const stored = await (await send('PUT', PATH, { headers, body: rest })).json<{
      updatedAt: string
      isPaused: boolean
    }>()
    expect(Date.parse(stored.updatedAt)).toBeGreaterThanOrEqual(before)
    expect(stored.isPaused).toBe(false)
  })
})

describe('the time of a report', () => {
  const nowMs = Date.parse(NOON)
  it.each([
    ['its own', '2026-01-01T11:00:00Z', Date.parse('2026-01-01T11:00:00Z')],
    ['its own, with an offset', '2026-01-01T12:30:00+02:00', Date.parse('2026-01-01T10:30:00Z')],
    ['now, where its clock runs ahead', '2026-01-01T12:00:01Z', nowMs],
    ['now, where it says none', undefined, nowMs],
  ])('is %s', (_, clientTime, expected) => {
    expect(reportedAt(clientTime, nowMs)).toBe(expected)
  })
})

describe('what may be called of an itty-durable object', () => {
  const objectFor = (name: string) =>
    ittyMethods(env.PLAYBACK_SESSION, objectIdOf(env.PLAYBACK_SESSION, name), ['read', 'write'])

  it('is the listed methods and nothing else', async () => {
    const object = objectFor(newId('account'))
    expect(Object.keys(object)).toEqual(['read', 'write'])
    expect(Object.isFrozen(object)).toBe(true)
    for (const name of ['destroy', 'reset', 'setAlarm', 'toJSON', 'fetch', 'playback', 'then']) {
      expect(name in object).toBe(false)
    }
  })

  it('can be awaited, unlike the proxy', async () => {
    const object = await Promise.resolve(objectFor(newId('account')))
    expect(await object.read()).toBeNull()
  })

  it('answers a refused write with an error and keeps nothing', async () => {
    const object = objectFor(newId('account'))
    await expect(object.write({ trackId: 'x' })).rejects.toMatchObject({ status: 500 })
    expect(await object.read()).toBeNull()
  })
})
