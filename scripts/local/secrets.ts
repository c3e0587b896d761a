import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const secretsSchema = z.object({
  JWT_KEYS: z.string(),
  SIGNING_KEYS: z.string(),
  TRANSCODER_SECRET: z.string(),
  adminPassword: z.string(),
})
export type DevelopmentSecrets = z.infer<typeof secretsSchema>

/** The secrets of a local service: made once, kept in its state folder, readable by their owner alone. */
export function developmentSecrets(stateDir: string): DevelopmentSecrets {
  const file = join(stateDir, 'secrets.json')
  if (existsSync(file)) return secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  mkdirSync(stateDir, { recursive: true })
  const secrets = { ...newServiceSecrets(), adminPassword: randomBytes(9).toString('base64url') }
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}

/** Fresh values of the Worker's required secrets, in the form that its settings take. */
export function newServiceSecrets(): Omit<DevelopmentSecrets, 'adminPassword'> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex') }
  return {
    JWT_KEYS: JSON.stringify([jwk]),
    SIGNING_KEYS: randomBytes(32).toString('base64url'),
    TRANSCODER_SECRET: randomBytes(32).toString('base64url'),
  }
}
