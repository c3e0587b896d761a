import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { displayNameSchema, emailKeyOf, emailSchema, newPasswordSchema } from '../src/auth/identity.ts'
import { hashPassword } from '../src/auth/password.ts'
import { newId } from '../src/platform/ids.ts'
import { type Role, roleSchema, type Tier, tierSchema } from '../src/platform/tokens.ts'

const USAGE = `Creates an account, or changes the role and tier of one.

  node scripts/create-account.ts --email <address> [options]

  --role <role>           listener, artist, moderator or admin
  --tier <tier>           free, premium, family or student
  --display-name <name>   of a new account; by default what stands before the @
  --password-env <name>   environment variable that holds the password; by default it is read from stdin
  --reset-password        give an existing account this password, and end its sign-ins
  --remote                the deployed database; by default the local one
  --persist-to <folder>   where the local database is
  --env <name>            environment of wrangler.toml`

export type NewAccount = {
  email: string
  displayName: string
  passwordHash: string
  /** Without one, a new account is a listener and an existing one keeps its role; and so with the tier. */
  role?: Role | undefined
  tier?: Tier | undefined
  isPasswordReset?: boolean
}

/**
 * SQL that creates an account, or changes the role and tier of the one with this email. An existing account keeps
 * its password unless that is reset, which also ends its sign-ins. Running it again changes nothing more.
 */
export function accountSql(account: NewAccount, nowMs: number): string {
  const { email, displayName, passwordHash, role, tier, isPasswordReset = false } = account
  const emailKey = quoted(emailKeyOf(email))
  const values = [newId('account'), email, emailKeyOf(email), displayName, role ?? 'listener', tier ?? 'free']
  const changes = [
    ...(role ? ['role = excluded.role'] : []),
    ...(tier ? ['tier = excluded.tier'] : []),
    ...(isPasswordReset ? ['password_hash = excluded.password_hash'] : []),
    'updated_at = excluded.updated_at',
  ]
  const insert = `INSERT INTO accounts
  (id, email, email_key, display_name, role, tier, password_hash, created_at, updated_at)
VALUES (${values.map(quoted).join(', ')}, ${quoted(passwordHash)}, ${nowMs}, ${nowMs})
ON CONFLICT (email_key) DO UPDATE SET ${changes.join(', ')};\n`
  const endSignIns = `UPDATE refresh_families SET revoked_at = ${nowMs}
WHERE revoked_at IS NULL AND account_pk = (SELECT pk FROM accounts WHERE email_key = ${emailKey});\n`
  return isPasswordReset ? insert + endSignIns : insert
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

const optionsSchema = z.object({
  email: emailSchema,
  role: roleSchema.optional(),
  tier: tierSchema.optional(),
  'display-name': displayNameSchema.optional(),
  'password-env': z.string().optional(),
  'reset-password': z.boolean().default(false),
  remote: z.boolean().default(false),
  'persist-to': z.string().optional(),
  env: z.string().optional(),
})

function readOptions() {
  const { values } = parseArgs({
    options: {
      email: { type: 'string' },
      role: { type: 'string' },
      tier: { type: 'string' },
      'display-name': { type: 'string' },
      'password-env': { type: 'string' },
      'reset-password': { type: 'boolean' },
      remote: { type: 'boolean' },
      'persist-to': { type: 'string' },
      env: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  return values.help ? null : optionsSchema.parse(values)
}

async function readPassword(variable: string | undefined): Promise<string> {
  if (variable === undefined) {
    if (process.stdin.isTTY) process.stderr.write('Password (then Enter and Ctrl+D): ')
    return newPasswordSchema.parse((await text(process.stdin)).replace(/\r?\n$/, ''))
  }
  const value = process.env[variable]
  if (value === undefined) throw new Error(`the environment has no ${variable}`)
  return newPasswordSchema.parse(value)
}

/** Runs SQL by `wrangler d1 execute DB`; the SQL goes through a file that only its owner can read. */
async function execute(sql: string, target: string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'segue-account-'))
  const file = join(folder, 'account.sql')
  try {
    await writeFile(file, sql, { mode: 0o600 })
    const wrangler = fileURLToPath(new URL('../node_modules/wrangler/bin/wrangler.js', import.meta.url))
    const args = [wrangler, 'd1', 'execute', 'DB', '--yes', '--file', file, ...target]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
    if (code !== 0) throw new Error(`wrangler d1 execute ended with ${code}`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) return console.log(USAGE)
  const { email, role, tier, 'persist-to': persistTo, env } = options
  const displayName = options['display-name'] ?? displayNameSchema.parse(email.split('@')[0]?.slice(0, 80))
  const passwordHash = await hashPassword(await readPassword(options['password-env']))
  const account = { email, displayName, passwordHash, role, tier, isPasswordReset: options['reset-password'] }
  const target = options.remote
    ? ['--remote']
    : ['--local', ...(persistTo === undefined ? [] : ['--persist-to', persistTo])]
  await execute(accountSql(account, Date.now()), [...target, ...(env === undefined ? [] : ['--env', env])])
  console.log(`The account ${email} stands${role ? ` with the role ${role}` : ''}.`)
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    console.error(`${problem}\n--help tells the options.`)
    process.exitCode = 1
  })
}
