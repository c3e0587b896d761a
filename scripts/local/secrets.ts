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

/**
 * The secrets of a local service: made once, kept in its state folder, readable by their owner alone. An admin password
 * that is given takes the place of the one that was kept.
 */
export function developmentSecrets(stateDir: string, adminPassword?: string): DevelopmentSecrets {
  const file = join(stateDir, 'secrets.json')
  mkdirSync(stateDir, { recursive: true })
  const kept = existsSync(file) ? secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null
  const secrets = kept ?? { ...newServiceSecrets(), adminPassword: randomBytes(9).toString('base64url') }
  const wanted = adminPassword === undefined ? secrets : { ...secrets, adminPassword }
  if (kept?.adminPassword !== wanted.adminPassword) {
    writeFileSync(file, JSON.stringify(wanted, null, 2), { mode: 0o600 })
  }
  return wanted
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
