import type { Loudness } from '../../src/transcoding/protocol.ts'

/** The absolute gate (ITU-R BS.1770-5, annex 1) and the bottom of every histogram. */
const FLOOR_LUFS = -70
const RELATIVE_GATE_LU = 10
const FINE_BINS_PER_LU = 100
const COARSE_BINS_PER_LU = 10
const TOP_LU = 100
/** ReplayGain 2.0. */
const REFERENCE_LUFS = -18
const PEAK_CEILING_DBTP = -1

/** Counts momentary loudness values, one for each 100 ms, in bins of 0.01 LU. */
export function createLoudnessHistogram() {
  const counts = new Uint32Array(TOP_LU * FINE_BINS_PER_LU + 1)
  return {
    /** @param lufs loudness of one 400 ms block; anything below the absolute gate is left out. */
    add(lufs: number) {
      if (!(lufs >= FLOOR_LUFS)) return
      const bin = Math.min(counts.length - 1, Math.floor((lufs - FLOOR_LUFS) * FINE_BINS_PER_LU + 1e-6))
      counts[bin] = (counts[bin] ?? 0) + 1
    },
    integratedLufs: () =>
      gate(
        [...counts.entries()].filter(([, n]) => n > 0),
        FINE_BINS_PER_LU,
      ),
    coarse: () => coarsen(counts),
  }
}

function coarsen(fine: Uint32Array): Loudness['histogram'] {
  const perBin = FINE_BINS_PER_LU / COARSE_BINS_PER_LU
  const coarse = new Map<number, number>()
  for (const [bin, count] of fine.entries()) {
    const wide = Math.floor(bin / perBin)
    if (count > 0) coarse.set(wide, (coarse.get(wide) ?? 0) + count)
  }
  return [...coarse]
}

/** Integrated loudness of a pool of histograms with bins of 0.1 LU (EBU R 128); null for silence. */
export function integratePooled(histograms: Loudness['histogram'][]): number | null {
  return gate(histograms.flat(), COARSE_BINS_PER_LU)
}

/** The two gates of ITU-R BS.1770: -70 LUFS, then 10 LU below the mean of what passed. */
function gate(bins: [bin: number, count: number][], binsPerLu: number): number | null {
  const blocks = bins.map(([bin, count]) => ({ lufs: FLOOR_LUFS + (bin + 0.5) / binsPerLu, count }))
  const ungated = meanLoudness(blocks)
  if (ungated === null) return null
  return meanLoudness(blocks.filter(({ lufs }) => lufs >= ungated - RELATIVE_GATE_LU))
}

function meanLoudness(blocks: { lufs: number; count: number }[]): number | null {
  const count = blocks.reduce((sum, block) => sum + block.count, 0)
  if (count === 0) return null
  const energy = blocks.reduce((sum, block) => sum + block.count * 10 ** (block.lufs / 10), 0)
  return 10 * Math.log10(energy / count)
}

/** ReplayGain 2.0 in dB: to -18 LUFS, but never so far that the true peak passes -1 dBTP; null for silence. */
export function trackGain(integratedLufs: number | null, truePeakDbtp: number | null): number | null {
  if (integratedLufs === null) return null
  const gain = REFERENCE_LUFS - integratedLufs
  return round2(truePeakDbtp === null ? gain : Math.min(gain, PEAK_CEILING_DBTP - truePeakDbtp))
}

export const round2 = (value: number) => Math.round(value * 100) / 100
