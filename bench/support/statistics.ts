/** @throws Error for an empty list */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new Error('the median of nothing')
  return (low + high) / 2
}

/** The median over the rounds of what `side` measured against what `other` measured in the same round. */
export function medianRatio(side: readonly number[], other: readonly number[]): number {
  return median(side.map((value, round) => value / (other[round] ?? Number.NaN)))
}

/**
 * Measures sides in turn, round by round, each round beginning with another one: what the machine does meanwhile
 * meets all of them alike.
 */
export async function alternate<Side extends string>(
  rounds: number,
  sides: Record<Side, (round: number) => Promise<number>>,
  onRound: (round: number, values: Record<Side, number>) => void = () => {},
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[]
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      measured[name].push(await sides[name](round))
    }
    const values = names.map((name) => [name, measured[name].at(-1) ?? Number.NaN])
    onRound(round, Object.fromEntries(values) as Record<Side, number>)
  }
  return measured
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
