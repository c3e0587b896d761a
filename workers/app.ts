import { authRoutes } from '../src/auth/routes.ts'
import { suspensionCheck } from '../src/auth/suspension.ts'
import { catalogRoutes } from '../src/catalog/routes.ts'
import { operationsRoutes } from '../src/operations/routes.ts'
import { mountDocs } from '../src/platform/docs.ts'
import { createRouter } from '../src/platform/http.ts'
import {
  jsonBodyLimit,
  mediaCors,
  onError,
  onlyForOwnTranscoder,
  onNotFound,
  requestScope,
  restCors,
} from '../src/platform/middleware.ts'
import { playbackRoutes } from '../src/playback/routes.ts'
import { streamingRoutes } from '../src/streaming/routes.ts'
import { jobRoutes, transcodingRoutes } from '../src/transcoding/routes.ts'
import { uploadRoutes } from '../src/uploads/routes.ts'

/** The HTTP surface: middleware, then one line per capability. */
export function createApp() {
  const app = createRouter()
  app.onError(onError)
  app.notFound(onNotFound)
  app.use(requestScope())
  app.use('/v1/*', restCors(), jsonBodyLimit(), suspensionCheck())
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token from `POST /v1/auth/login`, good for 15 minutes.',
  })
  app.use('/media/*', mediaCors())
  app.use('/internal/*', onlyForOwnTranscoder())
  app.route('/', authRoutes)
  app.route('/', catalogRoutes)
  app.route('/', playbackRoutes)
  app.route('/', uploadRoutes)
  app.route('/', streamingRoutes)
  app.route('/', transcodingRoutes)
  app.route('/', operationsRoutes)
  app.route('/', jobRoutes)
  mountDocs(app)
  return app
}

export const app = createApp()
