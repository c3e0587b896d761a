export type Random = () => number

/** A repeatable source of numbers in [0, 1): mulberry32, seeded with the FNV-1a hash of a name. */
export function makeRandom(name: string): Random {
  const source = { state: fnv1a(name) }
  return () => {
    const state = (source.state + 0x6d2b79f5) | 0
    source.state = state
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash | 0
}
