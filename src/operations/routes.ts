import { z } from '@hono/zod-openapi'
import { settingsOf } from '../platform/env.ts'
import { createRouter, dbOf, defineRoute } from '../platform/http.ts'
import { decodeCursor, pageQuerySchema, pageSchema, toPage } from '../platform/pagination.ts'
import { listDeadLetters } from './queries.ts'
import { readiness, readinessSchema } from './readiness.ts'
import {
  deliverySchema,
  deliverySql,
  jobsSchema,
  jobsSql,
  queryTelemetry,
  telemetryQuerySchema,
} from './telemetry.ts'

const tags = ['Administration']
const healthSchema = z.object({ isAlive: z.literal(true) }).openapi('Health')
const deadLetterSchema = z
  .object({ queue: z.string(), messageId: z.string(), body: z.string(), createdAt: z.iso.datetime() })
  .openapi('DeadLetter')

const healthz = defineRoute('public', {
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  tags: ['Operation'],
  summary: 'Is the service alive?',
  responses: { 200: { description: 'It is', content: { 'application/json': { schema: healthSchema } } } },
})

const readyz = defineRoute('public', {
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  tags: ['Operation'],
  summary: 'Is the service ready?',
  description: 'Reads the database, the storage and the age of the oldest queued job.',
  responses: {
    200: { description: 'It is', content: { 'application/json': { schema: readinessSchema } } },
    503: {
      description: 'Something that it depends on is not there',
      content: { 'application/json': { schema: readinessSchema } },
    },
  },
})

const getDelivery = defineRoute(['admin'], {
  method: 'get',
  path: '/v1/admin/telemetry/delivery',
  operationId: 'getDeliveryTelemetry',
  tags,
  summary: 'Media answers by day, file and cache outcome',
  request: { query: telemetryQuerySchema },
  responses: {
    200: { description: 'The report', content: { 'application/json': { schema: deliverySchema } } },
  },
})

const getJobs = defineRoute(['admin'], {
  method: 'get',
  path: '/v1/admin/telemetry/jobs',
  operationId: 'getJobTelemetry',
  tags,
  summary: 'Transcoding jobs by day and format',
  request: { query: telemetryQuerySchema },
  responses: { 200: { description: 'The report', content: { 'application/json': { schema: jobsSchema } } } },
})

const getDeadLetters = defineRoute(['admin'], {
  method: 'get',
  path: '/v1/admin/dead-letters',
  operationId: 'listDeadLetters',
  tags,
  summary: 'Queue messages that were given up',
  request: { query: pageQuerySchema },
  responses: {
    200: {
      description: 'A page of messages, newest first',
      content: { 'application/json': { schema: pageSchema(deadLetterSchema).openapi('DeadLetterPage') } },
    },
  },
})

export const operationsRoutes = createRouter()
  .openapi(healthz, (c) => c.json({ isAlive: true as const }, 200))
  .openapi(readyz, async (c) => {
    const report = await readiness(dbOf(c, 'first-primary'), c.env.MEDIA, settingsOf(c.env), Date.now())
    return report.isReady ? c.json(report, 200) : c.json(report, 503)
  })
  .openapi(getDelivery, async (c) => {
    const sql = deliverySql(c.req.valid('query').days)
    return c.json(
      { items: await queryTelemetry(settingsOf(c.env), sql, deliverySchema.shape.items.element, fetch) },
      200,
    )
  })
  .openapi(getJobs, async (c) => {
    const sql = jobsSql(c.req.valid('query').days)
    return c.json(
      { items: await queryTelemetry(settingsOf(c.env), sql, jobsSchema.shape.items.element, fetch) },
      200,
    )
  })
  .openapi(getDeadLetters, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const before = decodeCursor(cursor, z.tuple([z.literal('dead-letters'), z.int()]))?.[1] ?? null
    const page = toPage(await listDeadLetters(dbOf(c), before, limit + 1), limit, (row) => [
      'dead-letters',
      row.pk,
    ])
    const items = page.rows.map(({ queue, messageId, body, createdAt }) => ({
      queue,
      messageId,
      body,
      createdAt: new Date(createdAt).toISOString(),
    }))
    return c.json({ items, nextCursor: page.nextCursor }, 200)
  })
