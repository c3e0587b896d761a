import { authRoutes } from '../src/auth/routes.ts'
import { createRouter } from '../src/platform/http.ts'
import { jsonBodyLimit, onError, onNotFound, requestScope, restCors } from '../src/platform/middleware.ts'
import { playbackRoutes } from '../src/playback/routes.ts'
import { uploadRoutes } from '../src/uploads/routes.ts'

/** The HTTP surface: middleware, then one line per capability. */
export function createApp() {
  const app = createRouter()
  app.onError(onError)
  app.notFound(onNotFound)
  app.use(requestScope())
  app.use('/v1/*', restCors(), jsonBodyLimit())
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token from `POST /v1/auth/login`, good for 15 minutes.',
  })
  app.route('/', authRoutes)
  app.route('/', playbackRoutes)
  app.route('/', uploadRoutes)
  return app
}

export const app = createApp()
