import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { deleteTrack } from '../../src/catalog/service.ts'
import { openDb } from '../../src/platform/db.ts'
import { signIn } from '../support/accounts.ts'
import { bench, claimJob, outputsOf, postEvent, seedTrack, storeOutputs } from '../support/tracks.ts'

it('does not give a deleted track’s media to the track that takes its key', async () => {
  const mallory = await signIn({ role: 'artist' })
  const bob = await signIn({ role: 'artist' })
  const a = await seedTrack(mallory)
  const jobA = await claimJob(a.trackId)
  await storeOutputs(jobA.prefix, outputsOf(a))
  let b: { trackId: string } | undefined
  // While the "done" of A lists its outputs, A is deleted and B is uploaded and started.
  const MEDIA = new Proxy(env.MEDIA, {
    get: (target, name) =>
      name === 'list'
        ? async (options: R2ListOptions) => {
            const listed = await target.list(options)
            if (!b) {
              const { db } = openDb(env.DB, 'first-primary')
              await deleteTrack(
                db,
                { accountId: mallory.accountId, role: 'artist', tier: 'free' },
                a.trackId,
                Date.now(),
              )
              b = await seedTrack(bob)
              await claimJob(b.trackId)
            }
            return listed
          }
        : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
  })
  const around = bench({ MEDIA })
  const done = await postEvent(around.env, jobA, { type: 'done' })
  const row = await env.DB.prepare('select prefix from track_media join tracks on pk = track_pk where id = ?')
    .bind(b?.trackId)
    .first()
  expect(done.status).toBe(410)
  expect(row).toBeNull()
})
