import { DurableObject } from 'cloudflare:workers'

/** Counts that must be exact, for the keys of one shard. */
export class Throttle extends DurableObject<Env> {}
