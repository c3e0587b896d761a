import { DurableObject } from 'cloudflare:workers'

/** Where one account left off. */
export class PlaybackSession extends DurableObject<Env> {}
