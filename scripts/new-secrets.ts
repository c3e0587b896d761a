import { newServiceSecrets } from './local/secrets.ts'

// One JSON object on stdout, as `wrangler secret bulk` reads it from stdin.
console.log(JSON.stringify(newServiceSecrets(), null, 2))
