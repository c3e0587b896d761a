import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export const DEFAULT_SERVER = 'http://127.0.0.1:8787'

const accountSchema = z.object({
  accountId: z.string(),
  email: z.string(),
  tokens: z.object({
    accessToken: z.string(),
    refreshToken: z.string().optional(),
    expiresAt: z.number().optional(),
  }),
})
export type StoredAccount = z.infer<typeof accountSchema>

const credentialsSchema = z.object({
  /** The server of the last sign-in. */
  server: z.string().nullable(),
  accounts: z.record(z.string(), accountSchema),
})
export type Credentials = z.infer<typeof credentialsSchema>

/** The folder of everything that the command keeps: SEGUE_CONFIG, else `segue` in XDG_CONFIG_HOME or ~/.config. */
export function configDir(env: NodeJS.ProcessEnv): string {
  return env.SEGUE_CONFIG || join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'segue')
}

export async function readCredentials(env: NodeJS.ProcessEnv): Promise<Credentials> {
  const none: Credentials = { server: null, accounts: {} }
  const text = await readFile(credentialsFile(env), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return none
  const parsed = credentialsSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : none
}

/** Changes the file in one step, readable by its owner alone. */
export async function changeCredentials(
  env: NodeJS.ProcessEnv,
  change: (credentials: Credentials) => Credentials,
): Promise<void> {
  const file = credentialsFile(env)
  const next = change(await readCredentials(env))
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(next, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await chmod(temporary, 0o600)
  await rename(temporary, file)
}

/** Where imports into one account of one server are noted. */
export function importJournalFile(env: NodeJS.ProcessEnv, server: string, accountId: string): string {
  const name = createHash('sha256').update(`${server}\n${accountId}`).digest('hex').slice(0, 16)
  return join(configDir(env), 'imports', `${name}.ndjson`)
}

function credentialsFile(env: NodeJS.ProcessEnv): string {
  return join(configDir(env), 'credentials.json')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
