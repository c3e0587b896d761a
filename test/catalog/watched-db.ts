import { env } from 'cloudflare:workers'
import { z } from 'zod'

export type Statement = { sql: string; params: unknown[] }
export type Watch = { binding: D1Database; statements: Statement[]; roundTrips: number; rowsRead: number }

const metaSchema = z.object({ meta: z.object({ rows_read: z.number() }) })

/** The real D1 with a note of every statement, every round trip and every row that was read. */
export function watchedDb(): Watch {
  const originals = new WeakMap<object, D1PreparedStatement>()
  const watch: Watch = { binding: env.DB, statements: [], roundTrips: 0, rowsRead: 0 }

  function statement(real: D1PreparedStatement, sql: string, params: unknown[]): D1PreparedStatement {
    const run = async (method: 'all' | 'run' | 'raw' | 'first') => {
      watch.roundTrips++
      watch.statements.push({ sql, params })
      const counted = await real.all()
      count(counted)
      // Only all() tells how many rows were read; raw() keeps columns of one name apart, and is asked by reads only.
      return method === 'raw' ? real.raw() : method === 'first' ? counted.results[0] : counted
    }
    const proxy = new Proxy(real, {
      get(target, name) {
        if (name === 'bind') return (...bound: unknown[]) => statement(target.bind(...bound), sql, bound)
        if (name === 'all' || name === 'run' || name === 'raw' || name === 'first') return () => run(name)
        return Reflect.get(target, name)
      },
    })
    originals.set(proxy, real)
    notes.set(proxy, { sql, params })
    return proxy
  }
  const notes = new WeakMap<object, Statement>()

  function count(result: unknown): void {
    watch.rowsRead += metaSchema.parse(result).meta.rows_read
  }

  function session(real: D1DatabaseSession): D1DatabaseSession {
    return new Proxy(real, {
      get(target, name) {
        if (name === 'prepare') return (sql: string) => statement(target.prepare(sql), sql, [])
        if (name === 'batch') {
          return async (batch: D1PreparedStatement[]) => {
            watch.roundTrips++
            for (const one of batch) watch.statements.push(notes.get(one) ?? { sql: '', params: [] })
            const results = await target.batch(batch.map((one) => originals.get(one) ?? one))
            for (const result of results) count(result)
            return results
          }
        }
        return () => target.getBookmark()
      },
    })
  }

  watch.binding = new Proxy(env.DB, {
    get: (target, name) =>
      name === 'withSession'
        ? (start: string) => session(target.withSession(start))
        : Reflect.get(target, name),
  })
  return watch
}

/** Lines of the query plan that read a whole table or sort by hand; a subquery's own rows may be gone through. */
export async function badPlanLines({ sql, params }: Statement): Promise<string[]> {
  const { results } = await env.DB.prepare(`explain query plan ${sql}`)
    .bind(...params)
    .all<{ detail: string }>()
  return results
    .map((row) => row.detail)
    .filter((detail) => /TEMP B-TREE/.test(detail) || (/^SCAN /.test(detail) && !ROWS_AT_HAND.test(detail)))
}

/** Rows of a subquery or of a JSON parameter, and of an index that holds nothing but the rows that wait. */
const ROWS_AT_HAND =
  /^SCAN (named|json_each|names|value|CONSTANT ROW|\(subquery|processing USING (COVERING )?INDEX processing_(queued|due))/
