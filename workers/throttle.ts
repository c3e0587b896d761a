import { DurableObject } from 'cloudflare:workers'
import { type Ask, counted, forgottenAtMs, released, type Tries, waitMs } from '../src/auth/throttle.ts'

/** The least time between two prunings. */
const PRUNE_EVERY_MS = 10 * 60 * 1000

/** Counts that must be exact, for the keys of one shard. Times are the caller's, in epoch milliseconds. */
export class Throttle extends DurableObject<Env> {
  #sql: SqlStorage

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#sql = state.storage.sql
    this.#sql.exec(`
      create table if not exists tries (
        key text primary key, level real not null, at_ms integer not null, forgotten_at_ms integer not null
      ) without rowid;
      create table if not exists known (key text primary key, until_ms integer not null) without rowid;
      create index if not exists known_until on known (until_ms);`)
  }

  /**
   * Counts a try under every key, or under none if one of them has to wait. What is counted stays counted until
   * it is forgotten or released, so tries at the same time cannot pass together.
   * @returns how long to wait (0: counted), and the keys under which it was counted
   */
  async reserve(asks: Ask[], nowMs: number): Promise<{ waitMs: number; keys: string[] }> {
    const held = asks
      .filter((ask) => ask.unlessKnown === undefined || !this.#isKnown(ask.unlessKnown, nowMs))
      .map((ask) => ({ ...ask, tries: this.#triesOf(ask.key) }))
    const wait = Math.max(0, ...held.map(({ tries, rule }) => waitMs(tries, rule, nowMs)))
    if (wait > 0) return { waitMs: wait, keys: [] }
    for (const { key, rule, tries } of held) {
      const next = counted(tries, rule, nowMs)
      this.#write(key, next, forgottenAtMs(next, rule))
    }
    await this.#ensureAlarm()
    return { waitMs: 0, keys: held.map(({ key }) => key) }
  }

  /** Takes back one try under each key. */
  async release(keys: string[]): Promise<void> {
    for (const key of keys) {
      const tries = this.#triesOf(key)
      if (tries) this.#sql.exec('update tries set level = ? where key = ?', released(tries).level, key)
    }
  }

  /** Forgets the tries under `key` and remembers it as one that has succeeded. */
  async succeed(key: string, knownUntilMs: number): Promise<void> {
    this.#sql.exec('delete from tries where key = ?', key)
    this.#sql.exec('insert or replace into known (key, until_ms) values (?, ?)', key, knownUntilMs)
    await this.#ensureAlarm()
  }

  /** Deletes what is forgotten, and sleeps until there is more of it; for good once nothing is left. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    this.#sql.exec('delete from tries where forgotten_at_ms <= ?', nowMs)
    this.#sql.exec('delete from known where until_ms <= ?', nowMs)
    const [next] = this.#sql
      .exec<{ atMs: number | null }>(`
        select min(at_ms) as atMs from (
          select min(forgotten_at_ms) as at_ms from tries union all select min(until_ms) from known
        )`)
      .toArray()
    if (!next || next.atMs === null) return
    await this.ctx.storage.setAlarm(Math.max(next.atMs, nowMs + PRUNE_EVERY_MS))
  }

  async #ensureAlarm(): Promise<void> {
    const soonMs = Date.now() + PRUNE_EVERY_MS
    const setMs = await this.ctx.storage.getAlarm()
    if (setMs === null || setMs > soonMs) await this.ctx.storage.setAlarm(soonMs)
  }

  #isKnown(key: string, nowMs: number): boolean {
    return (
      this.#sql.exec('select 1 from known where key = ? and until_ms > ?', key, nowMs).toArray().length > 0
    )
  }

  #triesOf(key: string): Tries | null {
    const [row] = this.#sql.exec<Tries>('select level, at_ms as atMs from tries where key = ?', key).toArray()
    return row ?? null
  }

  #write(key: string, tries: Tries, untilMs: number): void {
    this.#sql.exec(
      'insert or replace into tries (key, level, at_ms, forgotten_at_ms) values (?, ?, ?, ?)',
      key,
      tries.level,
      tries.atMs,
      untilMs,
    )
  }
}
