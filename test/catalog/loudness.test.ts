import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Histogram, pooledLoudness, replayGain } from '../../src/catalog/loudness.ts'
import { signIn } from '../support/accounts.ts'
import { send } from '../support/http.ts'
import { readyTrack } from '../support/tracks.ts'

/** ITU-R BS.1770-4 over every block of every track, one by one. */
function directLoudness(histograms: Histogram[]): number | null {
  const blocks: number[] = []
  for (const histogram of histograms)
    for (const [bin, count] of histogram) for (let i = 0; i < count; i++) blocks.push(-69.95 + bin / 10)
  const mean = (of: number[]) =>
    10 * Math.log10(of.reduce((sum, lufs) => sum + 10 ** (lufs / 10), 0) / of.length)
  if (blocks.length === 0) return null
  const gate = mean(blocks) - 10
  return mean(blocks.filter((lufs) => lufs > gate))
}

const histograms = fc.array(
  fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 750 }), fc.integer({ min: 1, max: 40 })), {
      selector: ([bin]) => bin,
      maxLength: 30,
    })
    .map((bins) => bins.toSorted((a, b) => a[0] - b[0])),
  { maxLength: 5 },
)

describe('the loudness of several tracks as one', () => {
  it('is what gating all their blocks together gives', () => {
    fc.assert(
      fc.property(histograms, (tracks) => {
        const [pooled, direct] = [pooledLoudness(tracks), directLoudness(tracks)]
        if (direct === null) expect(pooled).toBeNull()
        else expect(Math.abs((pooled ?? 0) - direct)).toBeLessThanOrEqual(0.0051)
      }),
    )
  })

  it('is no mean of the tracks: a quiet interlude among loud songs is gated out', () => {
    const loud: Histogram = [[600, 1000]]
    const quiet: Histogram = [[300, 1000]]
    expect(pooledLoudness([loud, quiet])).toBe(pooledLoudness([loud]))
  })

  it('is the one of the middle of its bin, for one bin', () => {
    expect(pooledLoudness([[[469, 1]]])).toBe(-23.05)
  })

  it('does not exist for silence', () => {
    expect(pooledLoudness([])).toBeNull()
    expect(pooledLoudness([[], []])).toBeNull()
  })
})

describe('a gain', () => {
  it('leads to -18 LUFS, or as near as the true peak lets it', () => {
    expect(replayGain(-14.2, -3)).toBe(-3.8)
    expect(replayGain(-30, -20)).toBe(12)
    expect(replayGain(-30, -5)).toBe(4)
    expect(replayGain(-18, 0.5)).toBe(-1.5)
    expect(replayGain(-18, null)).toBe(0)
    expect(replayGain(null, -70)).toBeNull()
  })
})

describe('a release', () => {
  it('has the loudness of its tracks together, under the highest of their peaks', async () => {
    const owner = await signIn({ role: 'artist' })
    const tags = { album: crypto.randomUUID() }
    await readyTrack(owner, tags, { loudness: { histogram: [[400, 80]], truePeakDbtp: -20 } })
    const { trackId } = await readyTrack(owner, tags, {
      loudness: { histogram: [[420, 80]], truePeakDbtp: -9 },
    })
    await readyTrack(owner, tags, {
      loudness: { histogram: [], integratedLufs: null, truePeakDbtp: null, trackGainDb: null },
    })
    const read = async (path: string) =>
      (await send('GET', path, { headers: owner.headers })).json<Record<string, unknown>>()
    const { release, loudness } = (await read(`/v1/tracks/${trackId}`)) as {
      release: { id: string }
      loudness: { albumGainDb: number }
    }
    const lufs = directLoudness([[[400, 80]], [[420, 80]]]) ?? 0
    const album = (await read(`/v1/releases/${release.id}`)).loudness as {
      integratedLufs: number
      albumGainDb: number
    }
    expect(album.integratedLufs).toBeCloseTo(lufs, 1)
    expect(album.albumGainDb).toBe(8)
    expect(loudness.albumGainDb).toBe(8)
  })

  it('of silence has no loudness and no gain', async () => {
    const owner = await signIn({ role: 'artist' })
    const silence = { histogram: [], integratedLufs: null, truePeakDbtp: null, trackGainDb: null }
    const { trackId } = await readyTrack(owner, { album: crypto.randomUUID() }, { loudness: silence })
    const answer = await send('GET', `/v1/tracks/${trackId}`, { headers: owner.headers })
    expect(await answer.json()).toMatchObject({
      loudness: { integratedLufs: null, truePeakDbtp: null, trackGainDb: null, albumGainDb: null },
    })
  })
})
