import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { bytesOf, flac } from './files.ts'
import {
  create,
  digest,
  type Headers,
  idOf,
  MIB,
  metadata,
  noise,
  offsetOf,
  patch,
  tus,
  UPLOADS,
} from './tus-client.ts'

const CHUNK = { 'content-type': 'application/offset+octet-stream' }

function artist(): Promise<SignedIn> {
  return signIn({ role: 'artist' })
}

function objectOf(url: string) {
  return env.UPLOAD.get(env.UPLOAD.idFromName(idOf(url)))
}

async function stored(url: string): Promise<Uint8Array | null> {
  const object = await env.MEDIA.get(`originals/${idOf(url)}`)
  return object && new Uint8Array(await object.arrayBuffer())
}

/** A body whose bytes are sent when the test says so. */
function byHand() {
  const senders: ReadableStreamDefaultController<Uint8Array>[] = []
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      senders.push(controller)
    },
  })
  const [sender] = senders
  if (!sender) throw new Error('the stream did not start')
  return { body, sender }
}

async function shown(account: SignedIn, url: string) {
  const response = await exports.default.fetch(url, { headers: account.headers })
  return response.json<Record<string, unknown>>()
}

describe('the tus protocol', () => {
  it('tells its versions, extensions and limits to everybody', async () => {
    const response = await exports.default.fetch(UPLOADS, { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,checksum,termination,expiration',
      'tus-max-size': String(1024 ** 3),
      'tus-checksum-algorithm': 'sha1,sha256',
    })
  })

  it('lets a browser from an allowed origin read what a client needs', async () => {
    const preflight = await exports.default.fetch(UPLOADS, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://player.example',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'tus-resumable,upload-offset,authorization',
      },
    })
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('upload-offset')
  })

  it('creates an upload with its address, offset and time of expiry', async () => {
    const response = await tus(await artist(), 'POST', UPLOADS, {
      'upload-length': '1000',
      'upload-metadata': `${metadata('song.flac')},filetype ${btoa('audio/flac')}`,
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toMatch(
      /^https:\/\/segue\.test\/v1\/uploads\/upload_[0-9a-z]{26}$/,
    )
    expect(response.headers.get('upload-offset')).toBe('0')
    expect(response.headers.get('tus-resumable')).toBe('1.0.0')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const expires = Date.parse(response.headers.get('upload-expires') ?? '')
    expect(expires - Date.now()).toBeGreaterThan(23 * 3600_000)
  })

  it.each<[string, Headers, number, string]>([
    ['no length', {}, 400, 'validation_failed'],
    ['a length that is no number', { 'upload-length': '1e3' }, 400, 'validation_failed'],
    ['a negative length', { 'upload-length': '-1' }, 400, 'validation_failed'],
    ['a deferred length', { 'upload-defer-length': '1' }, 400, 'validation_failed'],
    ['more than 1 GiB', { 'upload-length': String(1024 ** 3 + 1) }, 413, 'payload_too_large'],
    [
      'metadata that is not base64',
      { 'upload-length': '1', 'upload-metadata': 'filename söng' },
      400,
      'validation_failed',
    ],
    [
      'metadata that is not UTF-8',
      { 'upload-length': '1', 'upload-metadata': 'filename /w==' },
      400,
      'validation_failed',
    ],
    ['a key twice', { 'upload-length': '1', 'upload-metadata': 'a YQ==,a YQ==' }, 400, 'validation_failed'],
    ['another version', { 'upload-length': '1', 'tus-resumable': '0.2.2' }, 412, 'unsupported_version'],
  ])('refuses to create with %s', async (_what, headers, status, code) => {
    const response = await tus(await artist(), 'POST', UPLOADS, headers)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
    expect(response.headers.get('tus-resumable')).toBe('1.0.0')
    if (status === 412) expect(response.headers.get('tus-version')).toBe('1.0.0')
  })

  it('asks who is calling and takes uploads of artists and admins only', async () => {
    const length = { 'upload-length': '1' }
    expect((await tus(null, 'POST', UPLOADS, length)).status).toBe(401)
    expect((await tus(await signIn(), 'POST', UPLOADS, length)).status).toBe(403)
    expect((await tus(await signIn({ role: 'admin' }), 'POST', UPLOADS, length)).status).toBe(201)
  })

  it('answers HEAD with offset, length and metadata, uncached', async () => {
    const account = await artist()
    const url = await create(account, 1000, 'söng.flac')
    const response = await tus(account, 'HEAD', url)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'upload-offset': '0',
      'upload-length': '1000',
      'upload-metadata': metadata('söng.flac'),
      'cache-control': 'no-store',
      'tus-resumable': '1.0.0',
    })
    expect(await shown(account, url)).toMatchObject({
      fileName: 'söng.flac',
      state: 'uploading',
      offset: 0,
      length: 1000,
    })
  })

  it('appends at the offset and nowhere else', async () => {
    const account = await artist()
    const url = await create(account, 100)
    const first = await patch(account, url, 0, noise(60))
    expect(first.status).toBe(204)
    expect(first.headers.get('upload-offset')).toBe('60')
    expect(first.headers.get('upload-expires')).toBeTruthy()
    const wrong = await patch(account, url, 50, noise(50))
    expect(wrong.status).toBe(409)
    expect(await wrong.json()).toMatchObject({ code: 'offset_mismatch' })
    expect(await offsetOf(account, url)).toBe(60)
  })

  it.each<[string, Headers, number]>([
    ['another content type', { 'content-type': 'audio/flac' }, 415],
    ['no offset', { 'upload-offset': '' }, 400],
    ['more bytes than are missing', { 'upload-offset': '0' }, 413],
    ['an unknown checksum algorithm', { 'upload-checksum': 'md5 1B2M2Y8AsgTpgAmY7PhCfg==' }, 400],
    ['a checksum that is not base64', { 'upload-checksum': 'sha1 ???' }, 400],
    ['another version', { 'tus-resumable': '2.0.0' }, 412],
  ])('refuses a chunk with %s', async (_what, headers, status) => {
    const account = await artist()
    const url = await create(account, 10)
    expect((await patch(account, url, 0, noise(11), headers)).status).toBe(status)
    expect(await offsetOf(account, url)).toBe(0)
  })

  it('takes bytes with the creation', async () => {
    const account = await artist()
    const file = flac([], 21)
    const response = await tus(
      account,
      'POST',
      UPLOADS,
      { ...CHUNK, 'upload-length': String(file.length) },
      file,
    )
    expect(response.status).toBe(201)
    expect(response.headers.get('upload-offset')).toBe(String(file.length))
    expect(await stored(response.headers.get('location') ?? '')).toEqual(file)
  })

  it('refuses bytes with the creation that are not the announced ones, and keeps nothing', async () => {
    const account = await artist()
    const headers = { ...CHUNK, 'upload-length': '10' }
    const wrongSum = { 'upload-checksum': `sha1 ${await digest('SHA-1', noise(1))}` }
    expect((await tus(account, 'POST', UPLOADS, { ...headers, ...wrongSum }, noise(10))).status).toBe(460)
    expect(
      (
        await tus(
          account,
          'POST',
          UPLOADS,
          { 'upload-length': '10', 'content-type': 'audio/flac' },
          noise(10),
        )
      ).status,
    ).toBe(415)
    expect((await tus(account, 'POST', UPLOADS, headers, noise(11))).status).toBe(413)
    const list = await exports.default.fetch(UPLOADS, { headers: account.headers })
    expect(await list.json()).toMatchObject({ items: [] })
  })

  it('terminates an upload and leaves nothing', async () => {
    const account = await artist()
    const url = await create(account, 20 * MIB)
    await patch(account, url, 0, noise(9 * MIB))
    const response = await tus(account, 'DELETE', url)
    expect(response.status).toBe(204)
    expect(response.headers.get('tus-resumable')).toBe('1.0.0')
    expect((await tus(account, 'HEAD', url)).status).toBe(404)
    expect((await patch(account, url, 9 * MIB, noise(1))).status).toBe(404)
    expect((await tus(account, 'DELETE', url)).status).toBe(404)
    expect(await stored(url)).toBeNull()
  })

  it('does not terminate what is complete', async () => {
    const account = await artist()
    const file = flac([], 22)
    const url = await create(account, file.length)
    await patch(account, url, 0, file)
    expect((await tus(account, 'DELETE', url)).status).toBe(409)
    expect(await stored(url)).toEqual(file)
  })

  it('knows nothing of an upload that is not there', async () => {
    const account = await artist()
    const url = `${UPLOADS}/upload_01k9f3m7w8e2vbx0q4r5s6t7v8`
    expect((await tus(account, 'HEAD', url)).status).toBe(404)
    expect((await patch(account, url, 0, noise(1))).status).toBe(404)
    expect((await tus(account, 'HEAD', `${UPLOADS}/nonsense`)).status).toBe(400)
  })

  it('hides an upload from every other account', async () => {
    const [ada, grace] = [await artist(), await artist()]
    const url = await create(ada, 100)
    expect((await tus(grace, 'HEAD', url)).status).toBe(404)
    expect((await patch(grace, url, 0, noise(10))).status).toBe(404)
    expect((await tus(grace, 'DELETE', url)).status).toBe(404)
    expect((await exports.default.fetch(url, { headers: grace.headers })).status).toBe(404)
    expect(await offsetOf(ada, url)).toBe(0)
  })

  it('takes PATCH, HEAD and DELETE through POST for clients that cannot do otherwise', async () => {
    const account = await artist()
    const url = await create(account, 100)
    const through = (method: string, headers: Headers = {}, body: Uint8Array<ArrayBuffer> | null = null) =>
      tus(account, 'POST', url, { 'x-http-method-override': method, ...headers }, body)
    expect((await through('PATCH', { ...CHUNK, 'upload-offset': '0' }, noise(10))).status).toBe(204)
    expect((await through('HEAD')).headers.get('upload-offset')).toBe('10')
    expect((await through('DELETE')).status).toBe(204)
    expect((await tus(account, 'POST', url)).status).toBe(405)
  })

  it('gives one upload for one Idempotency-Key', async () => {
    const account = await artist()
    const headers = { 'upload-length': '5', 'idempotency-key': 'the-same' }
    const [first, again] = [
      await tus(account, 'POST', UPLOADS, headers),
      await tus(account, 'POST', UPLOADS, headers),
    ]
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
  })

  it('lists the uploads of the account, newest first, page by page', async () => {
    const account = await artist()
    const urls = [await create(account, 1), await create(account, 2), await create(account, 3)]
    const page = async (query: string) =>
      (await exports.default.fetch(`${UPLOADS}?${query}`, { headers: account.headers })).json<{
        items: { id: string }[]
        nextCursor: string | null
      }>()
    const first = await page('limit=2')
    const second = await page(`limit=2&cursor=${first.nextCursor}`)
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(urls.map(idOf).toReversed())
    expect(second.nextCursor).toBeNull()
  })
})

describe('bytes of an upload', () => {
  it('are put together from chunks of any size, across evictions', async () => {
    const account = await artist()
    const file = bytesOf(flac([], 30), noise(17 * MIB))
    const url = await create(account, file.length)
    let offset = 0
    for (const size of [1, 3 * MIB + 5, 700, 9 * MIB, 5 * MIB]) {
      const response = await patch(account, url, offset, file.slice(offset, offset + size))
      expect(response.status).toBe(204)
      offset = Number(response.headers.get('upload-offset'))
      await evictDurableObject(objectOf(url))
      expect(await offsetOf(account, url)).toBe(offset)
    }
    await patch(account, url, offset, file.slice(offset))
    expect(Buffer.compare((await stored(url)) ?? new Uint8Array(), file)).toBe(0)
  })

  it('are parts of exactly 8 MiB but for the last', async () => {
    const account = await artist()
    const file = bytesOf(flac([], 31), noise(20 * MIB))
    const url = await create(account, file.length)
    await patch(account, url, 0, file.slice(0, 18 * MIB))
    await runInDurableObject(objectOf(url), (_object, state) => {
      const parts = state.storage.sql.exec('select number, bytes from parts order by number').toArray()
      expect(parts).toEqual([
        { number: 1, bytes: 8 * MIB },
        { number: 2, bytes: 8 * MIB },
      ])
      const tail = state.storage.sql
        .exec<{ bytes: number }>('select length(bytes) as bytes from tail')
        .toArray()
      expect(tail.map((row) => row.bytes)).toEqual([MIB, MIB])
    })
    await patch(account, url, 18 * MIB, file.slice(18 * MIB))
    expect((await env.MEDIA.head(`originals/${idOf(url)}`))?.etag).toMatch(/-3$/)
  })

  it.each([0, 8 * MIB, 16 * MIB])('end at the border of a part as well (%i bytes)', async (length) => {
    const account = await artist()
    const file = noise(length)
    const url = await create(account, length)
    if (length > 0) expect((await patch(account, url, 0, file)).status).toBe(204)
    expect(Buffer.compare((await stored(url)) ?? noise(1), file)).toBe(0)
    expect(await offsetOf(account, url)).toBe(length)
  })

  it('that arrived before a cut are kept', async () => {
    const account = await artist()
    const file = bytesOf(flac([], 32), noise(10 * MIB))
    const url = await create(account, file.length)
    const sent = 9 * MIB + 123
    let at = 0
    const cut = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (at === sent) return controller.error(new Error('the line went dead'))
        const piece = file.slice(at, Math.min(sent, at + 300_000))
        at += piece.length
        controller.enqueue(piece)
      },
    })
    await patch(account, url, 0, cut).catch(() => null)
    const offset = await offsetOf(account, url)
    expect(offset).toBe(sent)
    expect((await patch(account, url, offset, file.slice(offset))).status).toBe(204)
    expect(Buffer.compare((await stored(url)) ?? new Uint8Array(), file)).toBe(0)
  })

  it('with a checksum count as a whole or not at all', async () => {
    const account = await artist()
    const file = bytesOf(flac([], 33), noise(19 * MIB))
    const url = await create(account, file.length)
    await patch(account, url, 0, file.slice(0, MIB))
    const rest = file.slice(MIB)
    const sum = `sha256 ${await digest('SHA-256', rest)}`
    const spoilt = rest.slice()
    spoilt[5] = 255 - (spoilt[5] ?? 0)
    const refused = await patch(account, url, MIB, spoilt, { 'upload-checksum': sum })
    expect(refused.status).toBe(460)
    expect(await refused.json()).toMatchObject({ code: 'checksum_mismatch' })
    expect(await offsetOf(account, url)).toBe(MIB)
    expect((await patch(account, url, MIB, rest, { 'upload-checksum': sum })).status).toBe(204)
    expect(Buffer.compare((await stored(url)) ?? new Uint8Array(), file)).toBe(0)
  })

  it('wait for their turn while another request is sending', async () => {
    const account = await artist()
    const url = await create(account, 100)
    const { body, sender } = byHand()
    const first = patch(account, url, 0, body)
    sender.enqueue(noise(10))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const second = await patch(account, url, 0, noise(100))
    expect(second.status).toBe(423)
    expect(second.headers.get('retry-after')).toBe('2')
    sender.close()
    expect((await first).status).toBe(204)
  })

  it('of a sender that has gone silent are kept when its next request comes', async () => {
    const account = await artist()
    const url = await create(account, 100)
    const { body, sender } = byHand()
    const first = patch(account, url, 0, body)
    sender.enqueue(noise(10))
    await new Promise((resolve) => setTimeout(resolve, 2300))
    expect(await offsetOf(account, url)).toBe(10)
    expect((await patch(account, url, 10, noise(90))).status).toBe(204)
    expect((await first).status).toBe(503)
  })
})

describe('an abandoned upload', () => {
  it('expires and leaves nothing in R2', async () => {
    const account = await artist()
    const url = await create(account, 20 * MIB)
    await patch(account, url, 0, noise(9 * MIB))
    const multipartId = await runInDurableObject(objectOf(url), (_object, state) => {
      state.storage.sql.exec('update upload set expires_at = ?', Date.now() - 1)
      return state.storage.sql.exec<{ multipart_id: string }>('select multipart_id from upload').one()
        .multipart_id
    })
    await evictDurableObject(objectOf(url))
    expect(await runDurableObjectAlarm(objectOf(url))).toBe(true)
    expect((await tus(account, 'HEAD', url)).status).toBe(410)
    expect(await shown(account, url)).toMatchObject({ state: 'failed', failure: { code: 'expired' } })
    const multipart = env.MEDIA.resumeMultipartUpload(`originals/${idOf(url)}`, multipartId)
    await expect(multipart.uploadPart(1, noise(5 * MIB))).rejects.toThrow()
    await runInDurableObject(objectOf(url), (_object, state) => {
      expect(
        state.storage.sql.exec("select name from sqlite_master where name = 'upload'").toArray(),
      ).toEqual([])
    })
  })

  it('does not expire before its time', async () => {
    const account = await artist()
    const url = await create(account, 100)
    await runDurableObjectAlarm(objectOf(url))
    expect(await offsetOf(account, url)).toBe(0)
  })
})
