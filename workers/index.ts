import { app } from './app.ts'

// biome-ignore lint/performance/noBarrelFile: the runtime finds Durable Object classes among the exports of the entry.
export { PlaybackSession } from './playback-session.ts'
export { Throttle } from './throttle.ts'
export { Transcoder } from './transcoder.ts'
export { Upload } from './upload.ts'

export default {
  fetch: app.fetch,
} satisfies ExportedHandler<Env>
