import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { bytesOf, flac, id3, mp3, textFrame, wav } from './files.ts'

type Uploaded = { trackId: string; uploadId: string; isDuplicate: boolean }

function post(
  account: SignedIn,
  body: Uint8Array<ArrayBuffer>,
  fileName: string,
  headers: Record<string, string> = {},
) {
  return exports.default.fetch(`https://segue.test/v1/tracks?fileName=${encodeURIComponent(fileName)}`, {
    method: 'POST',
    headers: { ...account.headers, 'content-type': 'application/octet-stream', ...headers },
    body,
  })
}

async function originals(): Promise<string[]> {
  return (await env.MEDIA.list({ prefix: 'originals/' })).objects.map((object) => object.key)
}

async function trackRow(trackId: string) {
  return env.DB.prepare('select * from tracks where id = ?').bind(trackId).first<Record<string, unknown>>()
}

describe('uploading a file in one request', () => {
  it('makes a track of a tagged file and keeps the original', async () => {
    const artist = await signIn({ role: 'artist' })
    const file = bytesOf(
      id3(textFrame('TIT2', 'Tide'), textFrame('TPE1', 'Ada'), textFrame('TRCK', '3/9')),
      mp3(),
    )
    const response = await post(artist, file, 'x.mp3')
    expect(response.status).toBe(201)
    const { trackId, uploadId, isDuplicate } = await response.json<Uploaded>()
    expect(isDuplicate).toBe(false)
    expect(await trackRow(trackId)).toMatchObject({
      title: 'Tide',
      track_number: 3,
      source_format: 'mp3',
      source_bytes: file.length,
      source_key: `originals/${uploadId}`,
      status: 'queued',
    })
    const stored = await env.MEDIA.get(`originals/${uploadId}`)
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(file)
  })

  it('names a track without tags by its file', async () => {
    const artist = await signIn({ role: 'artist' })
    const response = await post(artist, mp3(8, 1), '03 - Grace - First Light.mp3')
    const { trackId } = await response.json<Uploaded>()
    expect(await trackRow(trackId)).toMatchObject({ title: 'First Light', track_number: 3 })
  })

  it('answers with the track that has the same content, and keeps one original', async () => {
    const artist = await signIn({ role: 'artist' })
    const first = await (await post(artist, flac([], 7), 'one.flac')).json<Uploaded>()
    const again = await post(artist, flac([], 7), 'two.flac')
    expect(again.status).toBe(200)
    const second = await again.json<Uploaded>()
    expect(second).toMatchObject({ trackId: first.trackId, isDuplicate: true })
    expect(await originals()).toContain(`originals/${first.uploadId}`)
    expect(await originals()).not.toContain(`originals/${second.uploadId}`)
  })

  it('takes two files of one name as two tracks', async () => {
    const artist = await signIn({ role: 'artist' })
    const one = await (await post(artist, flac([], 1), 'song.flac')).json<Uploaded>()
    const two = await (await post(artist, flac([], 2), 'song.flac')).json<Uploaded>()
    expect(one.trackId).not.toBe(two.trackId)
  })

  it('tells no account of the content of another', async () => {
    const [ada, grace] = [await signIn({ role: 'artist' }), await signIn({ role: 'artist' })]
    const one = await (await post(ada, flac([], 3), 'song.flac')).json<Uploaded>()
    const response = await post(grace, flac([], 3), 'song.flac')
    expect(response.status).toBe(201)
    expect((await response.json<Uploaded>()).trackId).not.toBe(one.trackId)
  })

  it('makes one track and keeps one original when ten clients send the same file at once', async () => {
    const artist = await signIn({ role: 'artist' })
    const before = await originals()
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => (await post(artist, flac([], 4), 'ten.flac')).json<Uploaded>()),
    )
    expect(new Set(answers.map((answer) => answer.trackId)).size).toBe(1)
    expect(answers.filter((answer) => !answer.isDuplicate)).toHaveLength(1)
    expect((await originals()).length - before.length).toBe(1)
  })

  it.each([
    ['text', bytesOf('these are words, not music\n'.repeat(40))],
    ['an ELF program', bytesOf([0x7f], 'ELF', [2, 1, 1, 0], new Uint8Array(4096))],
    ['a PNG named .mp3', bytesOf([0x89], 'PNG\r\n\x1a\n', new Uint8Array(512))],
    ['a tag with text behind it', bytesOf(id3(textFrame('TIT2', 'x')), 'not music at all '.repeat(4000))],
    [
      'a long tag with text behind it',
      bytesOf(id3(textFrame('TIT2', 'x'.repeat(40_000))), 'not music '.repeat(4000)),
    ],
  ])('refuses %s and stores nothing', async (_what, body) => {
    const artist = await signIn({ role: 'artist' })
    const before = await originals()
    const response = await post(artist, body, 'song.mp3')
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject({ code: 'unsupported_media' })
    expect(await originals()).toEqual(before)
  })

  it('refuses a file of no bytes', async () => {
    const artist = await signIn({ role: 'artist' })
    const response = await post(artist, new Uint8Array(), 'song.mp3')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'validation_failed' })
  })

  it('is for artists and admins', async () => {
    const listener = await signIn()
    expect((await post(listener, wav(), 'song.wav')).status).toBe(403)
  })

  it('gives the first answer again for the same Idempotency-Key', async () => {
    const artist = await signIn({ role: 'artist' })
    const first = await post(artist, flac([], 9), 'key.flac', { 'idempotency-key': 'once' })
    const again = await post(artist, flac([], 9), 'key.flac', { 'idempotency-key': 'once' })
    expect(again.status).toBe(201)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.json()).toEqual(await first.json())
  })

  it('reads audio that is sent as JSON once for its Idempotency-Key and once for its content', async () => {
    const artist = await signIn({ role: 'artist' })
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'mislabelled' }
    const answer = await post(artist, bytesOf(flac([], 23)), 'json.flac', headers)
    expect(answer.status).toBe(201)
    await answer.body?.cancel()
  })

  it('refuses an Idempotency-Key for other content of the same length', async () => {
    const artist = await signIn({ role: 'artist' })
    const [one, other] = [bytesOf(flac([], 21)), bytesOf(flac([], 22))]
    expect(other.length).toBe(one.length)
    expect((await post(artist, one, 'key.flac', { 'idempotency-key': 'twice' })).status).toBe(201)
    const refused = await post(artist, other, 'key.flac', { 'idempotency-key': 'twice' })
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ code: 'idempotency_key_reused' })
    const again = await post(artist, one, 'key.flac', { 'idempotency-key': 'twice' })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})
