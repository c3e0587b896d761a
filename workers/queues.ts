import { z } from 'zod'
import { recordDeadLetter } from '../src/operations/dead-letters.ts'
import { openDb } from '../src/platform/db.ts'
import { errorFields, log } from '../src/platform/log.ts'
import { domainEventSchema } from '../src/platform/outbox.ts'
import { transcodingDeps } from '../src/transcoding/deps.ts'
import { transcodeMessageSchema } from '../src/transcoding/job.ts'
import { buryJob, startJob } from '../src/transcoding/service.ts'
import { ingestUpload } from '../src/uploads/ingest.ts'
import { ingestMessageSchema } from '../src/uploads/job.ts'
import { handleEvent } from './events.ts'

/** Handles a message; a number asks for it again after as many seconds. */
type Handler = (env: Env, message: Message) => Promise<number | undefined>

const JOBS = { ingest: ingestJob, transcode: transcodeJob } satisfies Record<string, Handler>

const QUEUES: Record<string, Handler> = {
  'segue-jobs': async (env, message) => {
    const kind = kindOf(message.body)
    const handler = Object.entries(JOBS).find(([name]) => name === kind)?.[1]
    if (!handler) return bury(env, 'segue-jobs', message)
    return handler(env, message)
  },
  'segue-events': async (env, message) => {
    const event = domainEventSchema.safeParse(message.body)
    if (!event.success) return bury(env, 'segue-events', message)
    return handleEvent(env, event.data, message.timestamp)
  },
  'segue-jobs-dead': async (env, message) => {
    await bury(env, 'segue-jobs', message)
    const transcode = transcodeMessageSchema.safeParse(message.body)
    if (transcode.success) await buryJob(transcodingDeps(env, Date.now()), transcode.data)
    return undefined
  },
  'segue-events-dead': (env, message) => bury(env, 'segue-events', message),
}

/** Hands each message to its queue's handler. What throws is tried again on its own, not with its neighbours. */
export async function consume(batch: MessageBatch, env: Env): Promise<void> {
  const handler = QUEUES[batch.queue]
  if (!handler) throw new Error(`no consumer for queue ${batch.queue}`)
  for (const message of batch.messages) {
    try {
      const againAfterS = await buryingPoison(handler, batch.queue)(env, message)
      if (againAfterS === undefined) message.ack()
      else message.retry({ delaySeconds: againAfterS })
    } catch (error) {
      log('error', 'message_failed', { queue: batch.queue, messageId: message.id, ...errorFields(error) })
      message.retry({ delaySeconds: 2 ** message.attempts })
    }
  }
}

/** What does not parse now does not parse later either: it is recorded instead of tried again. */
function buryingPoison(handler: Handler, queue: string): Handler {
  return (env, message) =>
    handler(env, message).catch((error) => {
      if (error instanceof z.ZodError) return bury(env, queue, message)
      throw error
    })
}

async function ingestJob(env: Env, message: Message): Promise<undefined> {
  const { db } = openDb(env.DB, 'first-primary')
  await ingestUpload(
    { db, bucket: env.MEDIA, jobs: env.JOBS, now: Date.now },
    ingestMessageSchema.parse(message.body),
  )
}

async function transcodeJob(env: Env, message: Message): Promise<undefined> {
  const startedAt = Date.now()
  const job = transcodeMessageSchema.parse(message.body)
  await startJob(transcodingDeps(env, startedAt), job)
  log('info', 'job_started', { trackId: job.trackId, durationMs: Date.now() - startedAt })
}

function kindOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined
}

/** Records a message that cannot be handled, where an admin sees it. */
async function bury(env: Env, queue: string, message: Message): Promise<undefined> {
  log('error', 'message_buried', { queue, messageId: message.id })
  await recordDeadLetter(
    openDb(env.DB, 'first-primary').db,
    { queue, messageId: message.id, body: message.body },
    Date.now(),
  )
}
