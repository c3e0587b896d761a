import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Segue } from '../../sdk/client.ts'
import { audioFolder, decodedSamples, ffmpeg, makeAudio, source, tagArgs } from './support/audio.ts'
import { admin, listener, settled, upload, validatedFetch } from './support/segue.ts'

const TAGS = { artist: 'Lantern Parade', album: 'Harbour Lights', date: '2024', genre: 'Ambient' }

let folder: string
let owner: Segue

beforeAll(async () => {
  folder = await audioFolder()
  owner = await admin()
})

describe('a file on its way to a listener', () => {
  it('becomes a track that plays at every quality, to the sample', async () => {
    const file = join(folder, 'tide.flac')
    await ffmpeg(
      ...source(7.3, 5),
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc=size=700x700:duration=1',
        '-map',
        '0',
        '-map',
        '1',
        '-frames:v',
        '1',
        '-c:v',
        'png',
      ],
      ...['-disposition:v', 'attached_pic'],
      ...tagArgs({
        ...TAGS,
        title: 'Tide',
        track: '1',
        composer: 'Lantern Parade',
        lyrics: 'The tide comes in',
      }),
      file,
    )
    const uploaded = await upload(owner, file)
    expect(uploaded.status).toBe(201)
    const track = await settled(owner, uploaded.body.trackId)
    expect(track).toMatchObject({
      status: 'ready',
      title: 'Tide',
      durationMs: 7300,
      trackNumber: 1,
      genres: ['Ambient'],
      artists: [{ name: 'Lantern Parade' }],
      composers: [{ name: 'Lantern Parade' }],
      release: { title: 'Harbour Lights' },
      lyrics: { plain: 'The tide comes in' },
    })
    const playback = await owner.getPlayback({ path: { id: track.id } })
    expect(playback.renditions.map(({ quality }) => quality)).toEqual(['low', 'normal', 'high', 'lossless'])
    expect(playback.covers.length).toBeGreaterThanOrEqual(2)
    const samples = Math.round(7.3 * 44_100)
    const lossless = playback.renditions.at(-1)?.url ?? ''
    expect(await decodedSamples(lossless)).toBe(samples)
    const padded = [playback.hls.url, ...playback.renditions.slice(0, -1).map(({ url }) => url)]
    for (const count of await Promise.all(padded.map(decodedSamples))) {
      // AAC ends on a whole frame of 1,024 samples; a fragmented file does not say where the music ended in it.
      expect(count).toBeGreaterThanOrEqual(samples)
      expect(count).toBeLessThan(samples + 2 * 1024)
    }
  })

  it('is the same track when the same bytes come again under another name', async () => {
    const file = await makeAudio(join(folder, 'twice.mp3'), { seed: 8, tags: { ...TAGS, title: 'Twice' } })
    const first = await upload(owner, file)
    const second = await upload(owner, file, 'another name.mp3')
    expect(second).toMatchObject({ status: 200, body: { trackId: first.body.trackId, isDuplicate: true } })
  })

  it('keeps two different files of one name apart', async () => {
    const one = await upload(owner, await makeAudio(join(folder, 'a.wav'), { seed: 21 }), 'same.wav')
    const other = await upload(owner, await makeAudio(join(folder, 'b.wav'), { seed: 22 }), 'same.wav')
    expect(one.body.trackId).not.toBe(other.body.trackId)
    expect(await settled(owner, one.body.trackId)).toMatchObject({ status: 'ready', title: 'same' })
    expect(await settled(owner, other.body.trackId)).toMatchObject({ status: 'ready', title: 'same' })
  })

  it('is one track when ten clients send it at once', async () => {
    const file = await makeAudio(join(folder, 'crowd.ogg'), { seed: 31, args: ['-c:a', 'libvorbis'] })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => upload(owner, file, `crowd-${i}.ogg`)),
    )
    expect(new Set(answers.map(({ body }) => body.trackId)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(await settled(owner, answers[0]?.body.trackId ?? '')).toMatchObject({ status: 'ready' })
  })

  it('is heard by a free listener up to normal quality, and not above', async () => {
    const uploaded = await upload(owner, await makeAudio(join(folder, 'free.flac'), { seed: 41, tags: TAGS }))
    await settled(owner, uploaded.body.trackId)
    const free = await listener()
    const playback = await free.getPlayback({ path: { id: uploaded.body.trackId } })
    expect(playback.renditions.map(({ quality }) => quality)).toEqual(['low', 'normal'])
    const master = await (await validatedFetch(playback.hls.url)).text()
    expect(master).not.toContain('flac')
    expect(master).not.toContain('aac-256')
    for (const name of ['aac-256.mp4', 'aac-256.m3u8', 'flac.mp4', 'flac.m3u8']) {
      const refused = await validatedFetch(playback.hls.url.replace('master.m3u8', name))
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ code: 'quality_not_allowed' })
    }
    const stream = await free.fetch(`/v1/tracks/${uploaded.body.trackId}/stream?quality=lossless`)
    expect(stream.headers.get('content-length')).toBe(String(playback.renditions.at(-1)?.bytes))
    await stream.body?.cancel()
  })

  it('goes with all its files when its owner deletes it', async () => {
    const uploaded = await upload(owner, await makeAudio(join(folder, 'gone.flac'), { seed: 51 }))
    const id = uploaded.body.trackId
    await settled(owner, id)
    await owner.deleteTrack({ path: { id } })
    await expect(owner.getTrack({ path: { id } })).rejects.toMatchObject({ code: 'not_found' })
    const again = await upload(owner, join(folder, 'gone.flac'))
    expect(again.status).toBe(201)
    expect(await settled(owner, again.body.trackId)).toMatchObject({ status: 'ready' })
  })
})
