/**
 * How often something may be tried: `free` times at once, then with a delay after each try that doubles from
 * `firstDelayMs` to `maxDelayMs`. One try is forgotten each `drainMs`. There is no lock-out: a try while one has to
 * wait is refused without being counted.
 */
export type Rule = { free: number; drainMs: number; firstDelayMs: number; maxDelayMs: number }

/** Tries not yet forgotten as of the newest, which was at `atMs`. */
export type Tries = { level: number; atMs: number }

/** One key's claim to a try; left out where the key `unlessKnown` is remembered from an earlier success. */
export type Ask = { key: string; rule: Rule; unlessKnown?: string }

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Failed logins of one account from one network: about 100 a day at most. */
export const LOGIN_PAIR_RULE: Rule = {
  free: 5,
  drainMs: 15 * MINUTE_MS,
  firstDelayMs: 2 * SECOND_MS,
  maxDelayMs: 15 * MINUTE_MS,
}

/** Failed logins of one account from everywhere. Anyone can cause these, so the delay stays short. */
export const LOGIN_ACCOUNT_RULE: Rule = {
  free: 30,
  drainMs: 2 * MINUTE_MS,
  firstDelayMs: SECOND_MS,
  maxDelayMs: MINUTE_MS,
}

/** Failed logins from one network to whichever accounts. Many people may share it, so the delay stays short. */
export const LOGIN_NETWORK_RULE: Rule = {
  free: 60,
  drainMs: MINUTE_MS,
  firstDelayMs: SECOND_MS,
  maxDelayMs: 30 * SECOND_MS,
}

/** How long a network from which an account has logged in is exempt from what strangers do to that account. */
export const KNOWN_MS = 90 * 24 * HOUR_MS

/** At most `perHour` at once, and evenly after that. */
export function hourlyRule(perHour: number): Rule {
  const intervalMs = HOUR_MS / perHour
  return { free: perHour, drainMs: intervalMs, firstDelayMs: intervalMs, maxDelayMs: intervalMs }
}

/** Milliseconds until the next try is allowed; 0 where it is allowed now. */
export function waitMs(tries: Tries | null, rule: Rule, nowMs: number): number {
  if (!tries) return 0
  const level = levelAt(tries, rule, nowMs)
  if (level <= rule.free - 1) return 0
  const delayMs = Math.min(
    rule.maxDelayMs,
    rule.firstDelayMs * 2 ** Math.max(0, Math.ceil(level) - rule.free),
  )
  const untilDelayEnds = delayMs - elapsedMs(tries, nowMs)
  const untilDrained = (level - (rule.free - 1)) * rule.drainMs
  return Math.max(0, Math.ceil(Math.min(untilDelayEnds, untilDrained)))
}

/** The tries with one more at `nowMs`. */
export function counted(tries: Tries | null, rule: Rule, nowMs: number): Tries {
  const level = tries ? levelAt(tries, rule, nowMs) : 0
  return { level: level + 1, atMs: Math.max(tries?.atMs ?? nowMs, nowMs) }
}

/** The tries with one taken back. */
export function released(tries: Tries): Tries {
  return { ...tries, level: Math.max(0, tries.level - 1) }
}

/** When (epoch milliseconds) these tries do not matter any more. */
export function forgottenAtMs(tries: Tries, rule: Rule): number {
  return Math.ceil(tries.atMs + Math.max(tries.level * rule.drainMs, rule.maxDelayMs))
}

function levelAt(tries: Tries, rule: Rule, nowMs: number): number {
  return Math.max(0, tries.level - elapsedMs(tries, nowMs) / rule.drainMs)
}

/** Never negative: the clocks of two machines differ a little. */
function elapsedMs(tries: Tries, nowMs: number): number {
  return Math.max(0, nowMs - tries.atMs)
}
