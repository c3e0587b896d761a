import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

describe('the surface', () => {
  it('answers an unknown path with a problem that carries the request id', async () => {
    const response = await exports.default.fetch('https://segue.test/v1/nowhere')
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = await response.json<{ code: string; requestId: string }>()
    expect(problem.code).toBe('not_found')
    expect(problem.requestId).toBe(response.headers.get('x-request-id'))
  })
})
