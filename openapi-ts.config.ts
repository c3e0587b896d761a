import { defineConfig } from '@hey-api/openapi-ts'

/** How `npm run generate` makes the client from the OpenAPI document. */
export default defineConfig({
  input: './docs/openapi.json',
  output: { path: './sdk/generated', module: { extension: '.ts' }, entryFile: false },
  plugins: [
    { name: '@hey-api/client-fetch', throwOnError: true },
    '@hey-api/typescript',
    {
      name: '@hey-api/sdk',
      responseStyle: 'data',
      operations: { strategy: 'single', containerName: 'SegueApi' },
    },
  ],
})
