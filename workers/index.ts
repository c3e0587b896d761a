import { answerMedia } from '../src/streaming/media.ts'
import { app } from './app.ts'
import { sweep } from './cron.ts'
import { consume } from './queues.ts'

// biome-ignore lint/performance/noBarrelFile: the runtime finds its classes among the exports of the entry.
export { ContainerProxy } from '@cloudflare/containers'
export { PlaybackSession } from './playback-session.ts'
export { Throttle } from './throttle.ts'
export { Transcoder } from './transcoder.ts'
export { Upload } from './upload.ts'

export default {
  fetch: async (request, env, context) =>
    (await answerMedia({ request, env, waitUntil: (promise) => context.waitUntil(promise) })) ??
    app.fetch(request, env, context),
  queue: consume,
  scheduled: (controller, env) => sweep(env, controller.scheduledTime),
} satisfies ExportedHandler<Env>
