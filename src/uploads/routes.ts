import { createRouter } from '../platform/http.ts'
import { singleUploadRoutes } from './single-routes.ts'
import { tusRoutes } from './tus-routes.ts'

export const uploadRoutes = createRouter()

uploadRoutes.route('/', singleUploadRoutes)
uploadRoutes.route('/', tusRoutes)
