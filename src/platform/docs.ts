import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from './http.ts'

export const DOCUMENT_INFO = {
  openapi: '3.1.0',
  info: {
    title: 'Segue',
    version: '0.1.0',
    description:
      'A complete music streaming service at the edge. Sign in with `POST /v1/auth/login`, send the access token as `Authorization: Bearer …`, list tracks and ask one’s `playback` for URLs that play. Errors are problem documents (RFC 9457); lists are `{ items, nextCursor }`.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
}

const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'"

const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Segue API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<script src="/docs-assets/scalar.js"></script>
<script src="/docs-assets/docs.js"></script>
</body>
</html>
`

/** Serves the OpenAPI document and the page that shows it. */
export function mountDocs(app: OpenAPIHono<AppEnv>): void {
  let text: string | undefined
  app.get('/openapi.json', (c) => {
    text ??= JSON.stringify(app.getOpenAPI31Document(DOCUMENT_INFO))
    return c.body(text, 200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
  })
  app.get('/docs', (c) => c.html(DOCS_PAGE, 200, { 'content-security-policy': DOCS_POLICY }))
}
