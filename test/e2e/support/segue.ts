import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, inject, vi } from 'vitest'
import { createSegue, type Segue } from '../../../sdk/client.ts'
import { openApiValidator } from '../../support/openapi-validator.ts'

const document: unknown = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../docs/openapi.json'), 'utf8'),
)
const validate = openApiValidator(document)

/** A client whose every answer is compared with the OpenAPI document. */
export function clientOf(baseUrl: string): Segue {
  return createSegue({ baseUrl, fetch: validatedFetch })
}

export async function validatedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const { method, url } = request
  const response = await fetch(request)
  await validate(method, url, response)
  return response
}

/** The shared service's admin, signed in. */
export async function admin(): Promise<Segue> {
  const { url, admin: credentials } = inject('service')
  const segue = clientOf(url)
  await segue.signIn(credentials)
  return segue
}

let accounts = 0

/** A fresh listener of the free tier, signed in. */
export async function listener(): Promise<Segue> {
  const segue = clientOf(inject('service').url)
  accounts += 1
  const email = `listener-${process.pid}-${Date.now()}-${accounts}@segue.test`
  await segue.adopt(
    await segue.signUp({ body: { email, password: 'correct horse battery', displayName: 'Listener' } }),
  )
  return segue
}

/** Uploads a file in one request; answers like the operation. */
export async function upload(segue: Segue, file: string, fileName = basename(file)) {
  const response = await segue.fetch(`/v1/tracks?fileName=${encodeURIComponent(fileName)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: await readFile(file),
  })
  return {
    status: response.status,
    body: (await response.json()) as { trackId: string; isDuplicate: boolean; code?: string },
  }
}

/** Waits until a track is ready or failed. */
export async function settled(segue: Segue, id: string, timeout = 60_000) {
  return vi.waitFor(
    async () => {
      const track = await segue.getTrack({ path: { id } })
      expect(['ready', 'failed']).toContain(track.status)
      return track
    },
    { timeout, interval: 200 },
  )
}
