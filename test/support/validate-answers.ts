import { DOCUMENT_INFO } from '../../src/platform/docs.ts'
import { app } from '../../workers/app.ts'
import worker from '../../workers/index.ts'
import { openApiValidator } from './openapi-validator.ts'

const validate = openApiValidator(JSON.parse(JSON.stringify(app.getOpenAPI31Document(DOCUMENT_INFO))))
const answer = worker.fetch

/** Every answer that a test gets is compared with the OpenAPI document; one that differs fails the test. */
worker.fetch = async (request, env, context) => {
  const response = await answer(request, env, context)
  await validate(request.method, request.url, response)
  return response
}
