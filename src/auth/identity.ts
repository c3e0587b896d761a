import { z } from '@hono/zod-openapi'
import { lineSchema } from '../platform/text.ts'

/** The longest password that is taken, in characters (code points). */
export const MAX_PASSWORD = 200

export const emailSchema = z
  .string()
  .trim()
  .normalize('NFKC')
  .max(254)
  .pipe(z.email())
  .openapi({ type: 'string', format: 'email', maxLength: 254, example: 'ada@example.com' })

/** What makes two ways to write an email address the same account's. */
export function emailKeyOf(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase()
}

export const displayNameSchema = lineSchema(80).openapi({
  description: 'Shown to others: one line, without control or bidirectional formatting characters.',
  example: 'Ada',
})

/** Long rather than intricate (NIST SP 800-63B-4, section 3.1.1.2). */
export const newPasswordSchema = z.string().min(10).max(MAX_PASSWORD).openapi({
  description: '10 to 200 characters, of any kind.',
  format: 'password',
  example: 'correct horse battery staple',
})
