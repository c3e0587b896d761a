import { createRouter } from '../platform/http.ts'
import { singleUploadRoutes } from './single-routes.ts'

export const uploadRoutes = createRouter()

uploadRoutes.route('/', singleUploadRoutes)
