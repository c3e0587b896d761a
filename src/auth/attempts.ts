import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'
import { objectOf, throttleShard } from '../platform/placement.ts'
import { mac } from '../platform/tokens.ts'
import { networkOf } from './network.ts'
import { hourlyRule, KNOWN_MS, LOGIN_ACCOUNT_RULE, LOGIN_NETWORK_RULE, LOGIN_PAIR_RULE } from './throttle.ts'

type ThrottleNamespace = Env['THROTTLE']

/** A login that was let through: counted as failed until {@link loginSucceeded} takes that back. */
export type LoginAttempt = {
  pair: string
  accountKey: string
  networkKey: string
  /** False where the account has logged in from this network lately: only the pair is counted then. */
  isWidelyCounted: boolean
}

/**
 * Counts a login under account and network, account alone, and network alone, before any password is hashed. A
 * network from which the account has logged in lately answers for itself only, so that guessing strangers
 * cannot keep the owner out.
 * @throws ProblemError `too_many_requests` with Retry-After
 */
export async function attemptLogin(
  throttle: ThrottleNamespace,
  settings: Settings,
  { emailKey, address }: { emailKey: string; address: string },
  nowMs: number,
): Promise<LoginAttempt> {
  const network = networkOf(address)
  const pair = keyOf(settings, 'login', emailKey, network)
  const accountKey = keyOf(settings, 'login-account', emailKey)
  const networkKey = keyOf(settings, 'login-network', network)
  const onAccount = shardOf(throttle, accountKey)
  const { waitMs, keys } = await onAccount.reserve(
    [
      { key: pair, rule: LOGIN_PAIR_RULE },
      { key: accountKey, rule: LOGIN_ACCOUNT_RULE, unlessKnown: pair },
    ],
    nowMs,
  )
  refuseIfWaiting(waitMs)
  const isWidelyCounted = keys.includes(accountKey)
  if (isWidelyCounted) {
    const network = await shardOf(throttle, networkKey).reserve(
      [{ key: networkKey, rule: LOGIN_NETWORK_RULE }],
      nowMs,
    )
    if (network.waitMs > 0) await onAccount.release(keys)
    refuseIfWaiting(network.waitMs)
  }
  return { pair, accountKey, networkKey, isWidelyCounted }
}

/** Takes an attempt back, forgets the failures of account and network together, and remembers the network. */
export async function loginSucceeded(
  throttle: ThrottleNamespace,
  { pair, accountKey, networkKey, isWidelyCounted }: LoginAttempt,
  nowMs: number,
): Promise<void> {
  const onAccount = shardOf(throttle, accountKey)
  await onAccount.succeed(pair, nowMs + KNOWN_MS)
  if (!isWidelyCounted) return
  await onAccount.release([accountKey])
  await shardOf(throttle, networkKey).release([networkKey])
}

/**
 * Counts a sign-up from a network, whatever becomes of it.
 * @throws ProblemError `too_many_requests` with Retry-After
 */
export async function attemptSignUp(
  throttle: ThrottleNamespace,
  settings: Settings,
  address: string,
  nowMs: number,
): Promise<void> {
  const key = keyOf(settings, 'sign-up', networkOf(address))
  const rule = hourlyRule(settings.SIGNUPS_PER_HOUR)
  const { waitMs } = await shardOf(throttle, key).reserve([{ key, rule }], nowMs)
  refuseIfWaiting(waitMs)
}

/** What is stored tells no email and no address. */
function keyOf(settings: Settings, ...parts: string[]): string {
  return mac(settings, 'throttle', JSON.stringify(parts))
}

function shardOf(throttle: ThrottleNamespace, key: string) {
  return objectOf(throttle, throttleShard(key))
}

function refuseIfWaiting(waitMs: number): void {
  if (waitMs === 0) return
  const seconds = Math.ceil(waitMs / 1000)
  throw new ProblemError('too_many_requests', `Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}
