import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/**
 * D1 fires foreign-key actions while a table is rebuilt, so migrations only expand and contract: none rebuilds a table,
 * and none drops one without a page in docs/decisions/ of the migration's name.
 * @returns what is wrong, a line each
 */
export function migrationProblems(name: string, sql: string, hasDecision: boolean): string[] {
  const problems: string[] = []
  if (/__new_/.test(sql)) problems.push(`${name}: rebuilds a table (__new_…)`)
  if (/\bDROP\s+TABLE\b/i.test(sql) && !hasDecision)
    problems.push(`${name}: drops a table without docs/decisions/${name}.md`)
  if (/\bON\s+DELETE\s+(CASCADE|SET\s+NULL)\b/i.test(sql)) problems.push(`${name}: deletes by foreign key`)
  return problems
}

if (import.meta.main) {
  const folder = join(ROOT, 'migrations', 'db')
  const problems = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .flatMap((file) => {
      const name = file.slice(0, -'.sql'.length)
      const hasDecision = existsSync(join(ROOT, 'docs', 'decisions', `${name}.md`))
      return migrationProblems(name, readFileSync(join(folder, file), 'utf8'), hasDecision)
    })
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
