import { z } from '@hono/zod-openapi'

/** Controls, line and paragraph separators, lone surrogates, and what turns the direction of the text around it. */
const REFUSED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/**
 * A line of text that others see, of 1 to `max` characters (code points): trimmed, in NFC, without control and bidirectional
 * formatting characters (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing), and not invisible.
 */
export function lineSchema(max: number) {
  return z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(max)
    .refine((text) => !REFUSED.test(text), 'must not contain control or bidirectional formatting characters')
    .refine((text) => VISIBLE.test(text), 'must contain a visible character')
}
