import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/platform/db.ts'
import { UploadObject } from '../../src/uploads/upload-object.ts'
import { UploadStorage } from '../../src/uploads/upload-storage.ts'
import { type SignedIn, signIn } from '../support/accounts.ts'
import { create, idOf, MIB, noise, patch, tus } from './tus-client.ts'

function objectOf(url: string) {
  return env.UPLOAD.get(env.UPLOAD.idFromName(idOf(url)))
}

/** The bucket with a deletion that takes as long as `before`; what else is asked of it is noted. */
function slowBucket(before: () => Promise<void>) {
  const asked: string[] = []
  const bucket = new Proxy(env.MEDIA, {
    get(target, name: keyof R2Bucket) {
      return (...args: unknown[]) => {
        asked.push(name)
        const ask = () => Reflect.apply(target[name] as (...args: unknown[]) => unknown, target, args)
        return name === 'delete' ? before().then(ask) : ask()
      }
    },
  })
  return { asked, bucket }
}

/** Runs `work` in the upload's place with an object of its own that sees `bucket`. */
function inPlace<T>(url: string, bucket: R2Bucket, work: (upload: UploadObject) => Promise<T>): Promise<T> {
  return runInDurableObject(objectOf(url), (_object, state) =>
    work(
      new UploadObject({
        storage: new UploadStorage(state.storage),
        bucket,
        jobs: env.JOBS,
        openDb: () => openDb(env.DB, 'first-primary').db,
        setAlarm: (at) => state.storage.setAlarm(at),
      }),
    ),
  )
}

function bytes(account: SignedIn, length: number): Parameters<UploadObject['append']> {
  const append = { accountId: account.accountId, offset: 0, contentLength: null, checksum: null }
  return [append, new Blob([noise(length)]).stream()]
}

async function expire(url: string): Promise<void> {
  await runInDurableObject(objectOf(url), (_object, state) => {
    state.storage.sql.exec('update upload set expires_at = ?', Date.now() - 1)
  })
}

async function rowState(url: string) {
  return env.DB.prepare('select state from uploads where id = ?').bind(idOf(url)).first('state')
}

const ENDINGS = {
  'given up': (upload: UploadObject, account: SignedIn) => upload.terminate(account.accountId),
  expired: (upload: UploadObject) => upload.expireIfDue(),
}

describe('an upload that is being removed', () => {
  it.each([
    ['given up', MIB],
    ['given up', 20 * MIB],
    ['expired', MIB],
    ['expired', 20 * MIB],
  ] as const)('because it was %s takes no bytes any more (of %i)', async (why, length) => {
    const account = await signIn({ role: 'artist' })
    const url = await create(account, length)
    if (why === 'expired') await expire(url)
    const deletion = Promise.withResolvers<void>()
    const { asked, bucket } = slowBucket(() => deletion.promise)
    const answer = await inPlace(url, bucket, async (upload) => {
      const ended = ENDINGS[why](upload, account)
      await expect.poll(() => asked).toContain('delete')
      const appended = upload.append(...bytes(account, Math.min(length, 9 * MIB)))
      setTimeout(() => deletion.resolve(), 100)
      await ended
      return appended
    })
    expect(answer).toMatchObject({ ok: false, code: 'not_found' })
    expect(asked).toEqual(['delete'])
    expect(await env.MEDIA.head(`originals/${idOf(url)}`)).toBeNull()
    expect(await rowState(url)).toBe(why === 'expired' ? 'failed' : null)
  })

  it('is removed once where two requests and its alarm ask for it', async () => {
    const account = await signIn({ role: 'artist' })
    const url = await create(account, MIB)
    await expire(url)
    const { asked, bucket } = slowBucket(() => new Promise((resolve) => setTimeout(resolve, 50)))
    const answers = await inPlace(url, bucket, (upload) =>
      Promise.all([
        upload.terminate(account.accountId),
        upload.terminate(account.accountId),
        upload.expireIfDue(),
      ]),
    )
    expect(answers).toMatchObject([{ ok: true }, { ok: true }, null])
    expect(asked).toEqual(['delete'])
  })

  it('does not begin anew with a request that waited for another to end', async () => {
    const account = await signIn({ role: 'artist' })
    const url = await create(account, MIB)
    const { bucket } = slowBucket(async () => undefined)
    const answers = await inPlace(url, bucket, async (upload) => {
      const silent = new ReadableStream({ type: 'bytes' })
      const [append] = bytes(account, 0)
      const first = upload.append(append, silent)
      await new Promise((resolve) => setTimeout(resolve, 2100))
      const waiting = upload.append(...bytes(account, MIB / 2))
      return Promise.all([upload.terminate(account.accountId), first, waiting])
    })
    expect(answers[0]).toMatchObject({ ok: true })
    expect(await env.MEDIA.head(`originals/${idOf(url)}`)).toBeNull()
    expect(await rowState(url)).toBeNull()
    await evictDurableObject(objectOf(url))
    expect((await tus(account, 'HEAD', url)).status).toBe(404)
  })

  it.each(['given up', 'expired'] as const)(
    '(%s) and was interrupted is removed by its alarm',
    async (why) => {
      const account = await signIn({ role: 'artist' })
      const url = await create(account, 20 * MIB)
      expect((await patch(account, url, 0, noise(9 * MIB))).status).toBe(204)
      if (why === 'expired') await expire(url)
      const { bucket } = slowBucket(() => Promise.reject(new Error('R2 is away')))
      const failure = await inPlace(url, bucket, (upload) =>
        ENDINGS[why](upload, account).then(() => null, String),
      )
      expect(failure).toContain('R2 is away')
      await evictDurableObject(objectOf(url))
      expect((await patch(account, url, 9 * MIB, noise(MIB))).status).toBe(410)
      expect((await tus(account, 'HEAD', url)).status).toBe(410)
      expect(await runDurableObjectAlarm(objectOf(url))).toBe(true)
      expect(await rowState(url)).toBe(why === 'expired' ? 'failed' : null)
      await runInDurableObject(objectOf(url), async (_object, state) => {
        expect(await state.storage.getAlarm()).toBeNull()
      })
    },
  )
})
