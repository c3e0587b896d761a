import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The command was not called as it is meant to be: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const COMMON = {
  server: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

/**
 * Reads a command's arguments, among them `--server` and `--json`, which all commands take.
 * @param positionals the names of those that it needs
 * @throws UsageError
 */
export function readArguments<O extends ParseArgsOptionsConfig, const P extends readonly string[]>(
  args: string[],
  options: O,
  positionals: P,
) {
  const parsed = parse(args, { ...COMMON, ...options })
  if (parsed.positionals.length < positionals.length)
    throw new UsageError(`${positionals[parsed.positionals.length]} is missing.`)
  if (parsed.positionals.length > positionals.length)
    throw new UsageError(`“${parsed.positionals[positionals.length]}” is one argument too many.`)
  return { values: parsed.values, positionals: parsed.positionals as { [At in keyof P]: string } }
}

function parse<O extends ParseArgsOptionsConfig>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error))
  }
}

/**
 * A whole number of an option.
 * @throws UsageError
 */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max)
    throw new UsageError(`${option} takes a whole number from ${min} to ${max}.`)
  return number
}

/**
 * One of the words that an option takes.
 * @throws UsageError
 */
export function oneOf<const W extends readonly string[]>(option: string, text: string, words: W): W[number] {
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw new UsageError(`${option} takes one of ${words.join(', ')}.`)
  return word
}
