import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort, type Service, startService } from '../../scripts/local/service.ts'
import type { Segue } from '../../sdk/client.ts'
import { audioFolder, makeAudio } from './support/audio.ts'
import { clientOf, settled, upload } from './support/segue.ts'

const CHUNK_BYTES = 9_000_000

let stateDir: string
let folder: string
let service: Service
let owner: Segue

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'segue-durability-'))
  folder = await audioFolder()
  service = await startService({
    stateDir,
    port: await freePort(),
    adminEmail: 'admin@segue.test',
    settings: { LOG_LEVEL: 'warn' },
    transcoderEnv: { SLOTS: '1' },
    sweepEveryMs: 2_000,
  })
  owner = clientOf(service.url)
  await owner.signIn(service.admin)
})

afterAll(async () => {
  await service.stop()
  await rm(stateDir, { recursive: true, force: true })
})

describe('when processes are killed', () => {
  it('an upload goes on where it stood and its job completes', async () => {
    const file = await makeAudio(join(folder, 'long.wav'), { seconds: 200, seed: 91 })
    const { size } = await stat(file)
    const sent = vi.fn<(bytes: number) => void>()
    const finished = Promise.withResolvers<string>()
    const transfer = new Upload(createReadStream(file), {
      endpoint: `${service.url}/v1/uploads`,
      uploadSize: size,
      chunkSize: CHUNK_BYTES,
      retryDelays: Array.from({ length: 30 }, () => 1_000),
      metadata: { filename: 'long.wav', filetype: 'audio/wav' },
      onBeforeRequest: async (request) =>
        request.setHeader('Authorization', `Bearer ${await owner.accessToken()}`),
      onChunkComplete: (_, bytes) => sent(bytes),
      onSuccess: () => finished.resolve(transfer.url ?? ''),
      onError: (error) => finished.reject(error),
    })
    transfer.start()
    await vi.waitFor(() => expect(sent).toHaveBeenCalled(), { timeout: 30_000 })
    await service.programs.worker.kill()
    await service.restart('worker')
    const uploadId = (await finished.promise).split('/').at(-1) ?? ''
    expect(sent.mock.lastCall?.[0]).toBe(size)

    const trackId = await vi.waitFor(
      async () => {
        const { trackId } = await owner.getUpload({ path: { uploadId } })
        expect(trackId).not.toBeNull()
        return trackId ?? ''
      },
      { timeout: 30_000, interval: 200 },
    )
    await vi.waitFor(
      async () => expect((await owner.getTrack({ path: { id: trackId } })).status).toBe('processing'),
      { timeout: 30_000, interval: 100 },
    )
    await Promise.all([service.programs.transcoder.kill(), service.programs.worker.kill()])
    // It starts, but nothing is ready before the Worker is: that is what this waits for in vain.
    await expect(service.restart('transcoder')).rejects.toThrow('the worker ended')
    await service.restart('worker')
    const track = await settled(owner, trackId, 170_000)
    expect(track).toMatchObject({ status: 'ready', durationMs: 200_000 })
    expect(track.processing?.failedAttempts).toBeGreaterThan(0)
  }, 300_000)

  it('a transcoder with one slot and a queue before it costs no track', async () => {
    const files = await Promise.all(
      [1, 2, 3, 4, 5].map((seed) =>
        makeAudio(join(folder, `queue-${seed}.flac`), { seconds: 5, seed: 100 + seed }),
      ),
    )
    const uploads = await Promise.all(files.map((file) => upload(owner, file)))
    const tracks = await Promise.all(uploads.map(({ body }) => settled(owner, body.trackId, 120_000)))
    expect(tracks.map(({ status }) => status)).toEqual(files.map(() => 'ready'))
  })
})
