import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** scrypt's parameters (RFC 7914): N = 2^logN. */
export type ScryptParameters = { logN: number; r: number; p: number }

/** 16 MiB and about 130 ms: a row of the OWASP Password Storage Cheat Sheet that fits an isolate's memory. */
export const CURRENT_PARAMETERS: ScryptParameters = { logN: 14, r: 8, p: 5 }

const SALT_BYTES = 16
const KEY_BYTES = 32
/** What a stored hash may ask for at most, so that no row can exhaust an isolate. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024

/** PHC string format: https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md */
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/

/**
 * Hashes a password with scrypt and a random salt. Runs in workerd and in Node.
 * @returns a PHC string, which carries the parameters
 */
export async function hashPassword(
  password: string,
  parameters: ScryptParameters = CURRENT_PARAMETERS,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return toPhc(parameters, salt, await derive(password, salt, parameters))
}

/** No password has this hash; to verify one against it takes the same work as against a real one. */
export const UNMATCHED_HASH = toPhc(CURRENT_PARAMETERS, Buffer.alloc(SALT_BYTES), Buffer.alloc(KEY_BYTES))

export type PasswordVerdict = {
  isRight: boolean
  /** True where the hash was made with other than the current parameters. */
  needsRehash: boolean
}

/**
 * Verifies a password with the parameters that stand in `hash`.
 * @throws Error where `hash` is not a scrypt PHC string
 */
export async function verifyPassword(password: string, hash: string): Promise<PasswordVerdict> {
  const [, logN, r, p, salt = '', key = ''] = PHC.exec(hash) ?? []
  if (logN === undefined) throw new Error('a stored password hash is not a scrypt PHC string')
  const parameters = { logN: Number(logN), r: Number(r), p: Number(p) }
  const given = await derive(password, Buffer.from(salt, 'base64'), parameters)
  const isRight = timingSafeEqual(given, Buffer.from(key, 'base64'))
  return { isRight, needsRehash: !isCurrent(parameters) }
}

function isCurrent({ logN, r, p }: ScryptParameters): boolean {
  return logN === CURRENT_PARAMETERS.logN && r === CURRENT_PARAMETERS.r && p === CURRENT_PARAMETERS.p
}

/** NFKC, so that a password is the same from every keyboard (NIST SP 800-63B-4, section 3.1.1.2). */
function derive(password: string, salt: Buffer, { logN, r, p }: ScryptParameters): Promise<Buffer> {
  const options = { N: 2 ** logN, r, p, maxmem: MAX_MEMORY_BYTES }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

function toPhc({ logN, r, p }: ScryptParameters, salt: Buffer, key: Buffer): string {
  return `$scrypt$ln=${logN},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
