import { Container } from '@cloudflare/containers'
import { Hono } from 'hono'
import { settingsOf } from '../src/platform/env.ts'
import type { AppEnv } from '../src/platform/http.ts'
import { log } from '../src/platform/log.ts'
import { requestScope } from '../src/platform/middleware.ts'
import { JOB_HOST } from '../src/transcoding/deps.ts'
import { jobRoutes } from '../src/transcoding/routes.ts'

const PORT = 8789

/** The container that runs the transcoder program (workers/transcoder/). It has no way out but to the job routes. */
export class Transcoder extends Container<Env> {
  override defaultPort = PORT
  override sleepAfter = '2m'
  override enableInternet = false
  override envVars = {
    HOST: '0.0.0.0',
    PORT: String(PORT),
    TRANSCODER_SECRET: settingsOf(this.env).TRANSCODER_SECRET,
  }

  /** A job answers at once and works on by itself, so silence is not idleness: ask before stopping. */
  override async onActivityExpired(): Promise<void> {
    const response = await this.containerFetch(new Request('http://transcoder/healthz'), PORT)
    const { running } = await response.json<{ running: number }>()
    if (running > 0) {
      this.renewActivityTimeout()
      return
    }
    log('info', 'transcoder_sleeps')
    await this.stop()
  }
}

const jobApp = new Hono<AppEnv>().use(requestScope()).route('/', jobRoutes)

Transcoder.outboundByHost = {
  [JOB_HOST]: (request: Request, env: Env) => jobApp.fetch(request, env),
}
