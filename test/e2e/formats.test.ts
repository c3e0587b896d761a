import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Segue } from '../../sdk/client.ts'
import { audioFolder, ffmpeg, makeAudio, source, tagArgs } from './support/audio.ts'
import { admin, settled, upload } from './support/segue.ts'

const TAGS = {
  title: 'Ünïcode 鯨',
  artist: 'Лодка',
  album: 'Formats',
  track: '2/9',
  date: '2023-05-06',
  genre: 'Test',
}
const COVER = [
  '-f',
  'lavfi',
  '-i',
  'testsrc=size=500x500:duration=1',
  '-map',
  '0',
  '-map',
  '1',
  '-frames:v',
  '1',
  '-c:v',
  'mjpeg',
]

let folder: string
let owner: Segue

beforeAll(async () => {
  folder = await audioFolder()
  owner = await admin()
})

describe('every format that is taken', () => {
  it.each([
    ['song.mp3', 'mp3', ['-c:a', 'libmp3lame'], false],
    ['song.flac', 'flac', ['-c:a', 'flac'], true],
    ['aac.m4a', 'mp4', ['-c:a', 'aac'], false],
    ['alac.m4a', 'mp4', ['-c:a', 'alac'], true],
  ])('%s keeps its tags and its cover', async (name, format, codec, isLossless) => {
    const file = join(folder, name)
    await ffmpeg(
      ...source(3, name.length),
      ...COVER,
      '-disposition:v',
      'attached_pic',
      ...tagArgs(TAGS),
      ...codec,
      file,
    )
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track).toMatchObject({
      status: 'ready',
      title: TAGS.title,
      artists: [{ name: TAGS.artist }],
      release: { title: TAGS.album },
      trackNumber: 2,
      releaseDate: '2023-05-06',
      genres: ['Test'],
      processing: { source: { format } },
    })
    const playback = await owner.getPlayback({ path: { id: track.id } })
    expect(playback.covers.length).toBeGreaterThan(0)
    expect(playback.renditions.some(({ quality }) => quality === 'lossless')).toBe(isLossless)
  })

  it.each([
    ['vorbis.ogg', 'ogg', ['-c:a', 'libvorbis'], false],
    ['opus.opus', 'ogg', ['-c:a', 'libopus'], false],
    ['wave.wav', 'wav', ['-c:a', 'pcm_s24le'], true],
    ['float.wav', 'wav', ['-c:a', 'pcm_f32le', '-ar', '96000'], true],
    ['apple.aiff', 'aiff', ['-c:a', 'pcm_s16be', '-write_id3v2', '1'], true],
  ])('%s keeps its title', async (name, format, codec, isLossless) => {
    const file = await makeAudio(join(folder, name), { seed: name.length + 60, tags: TAGS, args: codec })
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    expect(track).toMatchObject({ status: 'ready', title: TAGS.title, processing: { source: { format } } })
    const playback = await owner.getPlayback({ path: { id: track.id } })
    expect(playback.renditions.some(({ quality }) => quality === 'lossless')).toBe(isLossless)
  })

  it('puts the tracks of one album under one release and one artist', async () => {
    const { items } = await owner.listReleases({ query: { limit: 200 } })
    expect(items.filter(({ title }) => title === 'Formats')).toHaveLength(1)
    const artists = await owner.listArtists({ query: { limit: 200 } })
    expect(artists.items.filter(({ name }) => name === 'Лодка')).toHaveLength(1)
  })
})
