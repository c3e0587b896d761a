import { DurableObject } from 'cloudflare:workers'

/** The container that runs the transcoder program. */
export class Transcoder extends DurableObject<Env> {}
