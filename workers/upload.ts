import { DurableObject } from 'cloudflare:workers'

/** One upload in progress: offset, lock, parts, tail and expiry. */
export class Upload extends DurableObject<Env> {}
