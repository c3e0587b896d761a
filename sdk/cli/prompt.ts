import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/**
 * Asks on the terminal.
 * @param isSecret whether what is typed stays unseen
 */
export async function ask(question: string, isSecret: boolean, signal: AbortSignal): Promise<string> {
  if (isSecret) process.stderr.write(question)
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: process.stdin,
    output: isSecret ? unseen : process.stderr,
    terminal: true,
  })
  const interrupted = new AbortController()
  // A terminal in raw mode gives Ctrl-C to the reader, not to the process.
  lines.once('SIGINT', () => interrupted.abort(new Error('Stopped.')))
  try {
    return await lines.question(isSecret ? '' : question, {
      signal: AbortSignal.any([signal, interrupted.signal]),
    })
  } finally {
    lines.close()
    if (isSecret) process.stderr.write('\n')
  }
}
