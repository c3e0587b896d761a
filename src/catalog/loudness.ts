import type { Loudness } from '../transcoding/protocol.ts'

/** ReplayGain 2.0 reference and the headroom under full scale (EBU R 128 s2 recommends at most -1 dBTP). */
const REFERENCE_LUFS = -18
const CEILING_DBTP = -1
/** Relative gate of ITU-R BS.1770-4, in LU below the mean of what passed the absolute gate. */
const RELATIVE_GATE_LU = -10

export type Histogram = Loudness['histogram']

/**
 * Integrated loudness of several tracks as one programme: their momentary blocks are pooled and the pool is gated
 * (ITU-R BS.1770-4, EBU R 128), which no mean of the tracks' own figures equals.
 * @returns LUFS, or null where nothing is above the absolute gate
 */
export function pooledLoudness(histograms: Histogram[]): number | null {
  const blocks = histograms
    .flat()
    .map(([bin, count]) => ({ power: 10 ** ((bin / 10 - 70 + 0.05) / 10), count }))
  const ungated = meanPower(blocks)
  if (ungated === null) return null
  const gate = ungated * 10 ** (RELATIVE_GATE_LU / 10)
  const gated = meanPower(blocks.filter((block) => block.power > gate))
  return gated === null ? null : toHundredths(10 * Math.log10(gated))
}

/** The gain in dB that brings a programme to -18 LUFS, as far as its true peak (dBTP) allows; null for silence. */
export function replayGain(lufs: number | null, truePeakDbtp: number | null): number | null {
  if (lufs === null) return null
  const gain = REFERENCE_LUFS - lufs
  return toHundredths(truePeakDbtp === null ? gain : Math.min(gain, CEILING_DBTP - truePeakDbtp))
}

function toHundredths(decibels: number): number {
  return Math.round(decibels * 100) / 100
}

function meanPower(blocks: { power: number; count: number }[]): number | null {
  const count = blocks.reduce((sum, block) => sum + block.count, 0)
  return count === 0 ? null : blocks.reduce((sum, block) => sum + block.power * block.count, 0) / count
}
