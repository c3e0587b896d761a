import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const { privateKey } = generateKeyPairSync('ed25519')
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'test' }

/** Tests that run inside workerd, and tests that run in Node and drive programs from outside. */
export default defineConfig(async () => ({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest({
            main: './workers/index.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                JWT_KEYS: JSON.stringify([jwk]),
                SIGNING_KEYS: randomBytes(32).toString('base64url'),
                TRANSCODER_SECRET: randomBytes(32).toString('base64url'),
                TRANSCODER_URL: 'http://127.0.0.1:9',
                TRANSCODER_CALLBACK_URL: 'http://127.0.0.1:9',
                CORS_ORIGINS: 'https://player.example',
                LOG_LEVEL: 'error',
                SIGNUPS_PER_HOUR: '10000',
                TEST_MIGRATIONS: await readD1Migrations('./migrations/db'),
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/node/**', 'test/transcoder/**'],
          setupFiles: ['./test/support/migrate.ts', './test/support/validate-answers.ts'],
          deps: { optimizer: { ssr: { enabled: true, include: ['itty-durable'] } } },
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'test/transcoder/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['./test/e2e/support/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
}))
