import { join } from 'node:path'
import { startProgram } from '../../scripts/local/processes.ts'
import { ROOT } from './wrangler.ts'

/** Runs a script of the project to its end. @throws Error with what it said where it fails */
export async function runScript(script: string, args: string[], env: Record<string, string>): Promise<void> {
  const lines: string[] = []
  const program = startProgram(script, process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    onLine: (line) => lines.push(line),
  })
  if ((await program.exited) !== 0) throw new Error(`${script} failed:\n${lines.slice(-20).join('\n')}`)
}
