import { scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hashPassword, UNMATCHED_HASH, verifyPassword } from '../../src/auth/password.ts'

const CHEAP = { logN: 4, r: 1, p: 1 }

describe('a password hash', () => {
  it('is scrypt with N = 2^14, r = 8, p = 5 in a PHC string', async () => {
    const hash = await hashPassword('correct horse')
    const [, salt = '', key = ''] =
      /^\$scrypt\$ln=14,r=8,p=5\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/.exec(hash) ?? []
    const options = { N: 16_384, r: 8, p: 5, maxmem: 2 ** 26 }
    const expected = scryptSync('correct horse', Buffer.from(salt, 'base64'), 32, options)
    expect(Buffer.from(key, 'base64').equals(expected)).toBe(true)
  })

  it('has a salt of its own', async () => {
    expect(await hashPassword('x', CHEAP)).not.toBe(await hashPassword('x', CHEAP))
  })

  it('is verified with the parameters that it carries', async () => {
    const hash = await hashPassword('correct horse', CHEAP)
    expect(hash).toContain('$ln=4,r=1,p=1$')
    expect(await verifyPassword('correct horse', hash)).toEqual({ isRight: true, needsRehash: true })
    expect(await verifyPassword('correct horsf', hash)).toEqual({ isRight: false, needsRehash: true })
  })

  it('needs no other while the parameters are current', async () => {
    const hash = await hashPassword('correct horse')
    expect(await verifyPassword('correct horse', hash)).toEqual({ isRight: true, needsRehash: false })
  })

  it('is the same for a password however a keyboard composes it', async () => {
    const hash = await hashPassword('caf\u00e9 \ufb01', CHEAP)
    expect((await verifyPassword('cafe\u0301 fi', hash)).isRight).toBe(true)
    expect((await verifyPassword('cafe fi', hash)).isRight).toBe(false)
  })

  it('of an unknown account costs the same and matches nothing', async () => {
    expect(UNMATCHED_HASH).toContain('$ln=14,r=8,p=5$')
    expect(await verifyPassword('', UNMATCHED_HASH)).toEqual({ isRight: false, needsRehash: false })
  })

  it.each([
    '',
    'plain',
    '$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    '$scrypt$ln=14,r=8,p=5$c2FsdA$aGFzaA',
  ])('of another form is an error, not a wrong password: %s', async (hash) => {
    await expect(verifyPassword('x', hash)).rejects.toThrow('PHC')
  })

  it('that asks for more memory than an isolate can give is an error', async () => {
    const greedy = UNMATCHED_HASH.replace('ln=14', 'ln=24')
    await expect(verifyPassword('x', greedy)).rejects.toThrow()
  })
})
