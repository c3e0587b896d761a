import { z } from '@hono/zod-openapi'
import { JOB_COLUMNS, JOBS_DATASET, MEDIA_COLUMNS, MEDIA_DATASET } from '../platform/analytics.ts'
import type { Settings } from '../platform/env.ts'
import { ProblemError } from '../platform/errors.ts'

/** A day in UTC. */
export const telemetryQuerySchema = z.object({
  days: z.coerce
    .number()
    .int()
    .min(1)
    .max(90)
    .default(7)
    .openapi({ description: 'How many days back; the dataset keeps three months.', example: 7 }),
})

export const deliverySchema = z
  .object({
    items: z.array(
      z.object({
        day: z.string().openapi({ example: '2026-03-01' }),
        outcome: z.string().openapi({ example: 'hit' }),
        file: z.string().openapi({ example: 'aac-128.mp4' }),
        answers: z.number(),
        bytes: z.number(),
      }),
    ),
  })
  .openapi('DeliveryTelemetry')

export const jobsSchema = z
  .object({
    items: z.array(
      z.object({
        day: z.string(),
        format: z.string().openapi({ example: 'flac' }),
        jobs: z.number(),
        meanQueuedMs: z.number(),
        meanJobMs: z.number(),
      }),
    ),
  })
  .openapi('JobTelemetry')

/**
 * SQL of the delivery report. Rows are sampled: `_sample_interval` is the count of events that each stands for
 * (https://developers.cloudflare.com/analytics/analytics-engine/sql-api/).
 */
export function deliverySql(days: number): string {
  const { outcome, file, bytes } = MEDIA_COLUMNS
  return `SELECT formatDateTime(timestamp, '%Y-%m-%d') AS day, ${outcome} AS outcome, ${file} AS file,
  SUM(_sample_interval) AS answers, SUM(_sample_interval * ${bytes}) AS bytes
FROM ${MEDIA_DATASET}
WHERE timestamp > NOW() - INTERVAL '${wholeDays(days)}' DAY
GROUP BY day, outcome, file
ORDER BY day DESC, answers DESC
LIMIT 1000
FORMAT JSON`
}

/** SQL of the transcoding report. */
export function jobsSql(days: number): string {
  const { format, queuedMs, jobMs } = JOB_COLUMNS
  return `SELECT formatDateTime(timestamp, '%Y-%m-%d') AS day, ${format} AS format,
  SUM(_sample_interval) AS jobs,
  SUM(_sample_interval * ${queuedMs}) / SUM(_sample_interval) AS meanQueuedMs,
  SUM(_sample_interval * ${jobMs}) / SUM(_sample_interval) AS meanJobMs
FROM ${JOBS_DATASET}
WHERE timestamp > NOW() - INTERVAL '${wholeDays(days)}' DAY
GROUP BY day, format
ORDER BY day DESC, jobs DESC
LIMIT 1000
FORMAT JSON`
}

/** The only value that goes into the SQL text: it is a small whole number or nothing. */
function wholeDays(days: number): number {
  if (!Number.isInteger(days) || days < 1 || days > 90)
    throw new Error('days must be a whole number from 1 to 90')
  return days
}

/**
 * Asks the Analytics Engine SQL API.
 * @param send plain fetch, or a stand-in that speaks the same protocol
 * @throws ProblemError `unavailable` where the API is not configured, does not answer or answers something else
 */
export async function queryTelemetry<T>(
  settings: Settings,
  sql: string,
  schema: z.ZodType<T>,
  send: typeof fetch,
): Promise<T[]> {
  const { ANALYTICS_ACCOUNT_ID: account, ANALYTICS_TOKEN: token } = settings
  if (!account || !token)
    throw new ProblemError('unavailable', 'Telemetry reports need ANALYTICS_ACCOUNT_ID and ANALYTICS_TOKEN.')
  const response = await send(
    `https://api.cloudflare.com/client/v4/accounts/${account}/analytics_engine/sql`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: sql,
      signal: AbortSignal.timeout(10_000),
    },
  ).catch((cause) => {
    throw new ProblemError('unavailable', 'The telemetry service did not answer.', { cause })
  })
  if (!response.ok)
    throw new ProblemError('unavailable', `The telemetry service answered ${response.status}.`)
  return parseTelemetry(await response.json().catch(() => null), schema)
}

/**
 * Reads an answer of the SQL API, which writes 64-bit sums as strings.
 * @throws ProblemError `unavailable` where it is anything else
 */
export function parseTelemetry<T>(answer: unknown, schema: z.ZodType<T>): T[] {
  const envelope = z.object({
    meta: z.array(z.object({ name: z.string(), type: z.string() })),
    data: z.array(z.record(z.string(), z.unknown())),
  })
  const parsed = envelope.safeParse(answer)
  if (!parsed.success) throw unexpected(parsed.error)
  const numeric = new Set(
    parsed.data.meta.filter(({ type }) => /Int|Float|Decimal/.test(type)).map(({ name }) => name),
  )
  const rows = parsed.data.data.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, numeric.has(name) ? Number(value) : value]),
    ),
  )
  const items = z.array(schema).safeParse(rows)
  if (!items.success) throw unexpected(items.error)
  return items.data
}

function unexpected(cause: Error): ProblemError {
  return new ProblemError('unavailable', 'The telemetry service answered something unexpected.', { cause })
}
