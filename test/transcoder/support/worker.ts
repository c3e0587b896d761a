import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  type Job,
  type JobEvent,
  jobEventSchema,
  type Manifest,
  manifestSchema,
  type OutputName,
  outputNameSchema,
  PROFILE,
  type SourceFormat,
} from '../../../src/transcoding/protocol.ts'

export const JOB_TOKEN = 'token-of-one-job'

type Answer = { status: number; wait?: Promise<void> }
/** What to answer instead of doing as asked; undefined to do as asked. */
export type Interference = (method: string, path: string) => Answer | undefined

type Ending = Extract<JobEvent, { type: 'done' } | { type: 'failed' }>

/** An HTTP server that plays the Worker's part: input, outputs and events of any number of jobs. */
export async function startWorker() {
  const inputs = new Map<string, Buffer>()
  const outputs = new Map<string, Map<OutputName, { bytes: Buffer; type: string | undefined }>>()
  const events = new Map<string, JobEvent[]>()
  const order: string[] = []
  const watchers = new Set<() => void>()
  let interfere: Interference = () => undefined
  let counter = 0

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const [, trackId = '', kind = '', name = ''] = (request.url ?? '').split('/')
    const body = await readAll(request)
    order.push(`${request.method} ${trackId}/${kind}/${name}`)
    notify()
    if (request.headers.authorization !== `Bearer ${JOB_TOKEN}`) return response.writeHead(401).end()
    const other = interfere(request.method ?? '', request.url ?? '')
    await other?.wait
    if (other) return response.writeHead(other.status).end()
    if (request.method === 'GET') return response.writeHead(200).end(inputs.get(trackId))
    if (request.method === 'PUT') {
      if (request.headers['content-length'] !== String(body.length)) return response.writeHead(411).end()
      const files = outputs.get(trackId) ?? new Map()
      outputs.set(
        trackId,
        files.set(outputNameSchema.parse(name), { bytes: body, type: request.headers['content-type'] }),
      )
    } else {
      events.set(trackId, [...(events.get(trackId) ?? []), jobEventSchema.parse(JSON.parse(body.toString()))])
    }
    response.writeHead(204).end()
    notify()
  }
  const notify = () => {
    for (const watcher of watchers) watcher()
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const base = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`

  /** Resolves when the condition holds; it is looked at after every request. */
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = () => {
        const found = find()
        if (found === undefined) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
    })

  return {
    order,
    setInterference(next: Interference) {
      interfere = next
    },
    /** Keeps a source for download and describes the job for it. */
    async job(file: string | Buffer, format: SourceFormat, changes: Partial<Job> = {}): Promise<Job> {
      const bytes = typeof file === 'string' ? await readFile(file) : file
      counter += 1
      const trackId = changes.trackId ?? `track_${counter}`
      inputs.set(trackId, bytes)
      return {
        trackId,
        attempt: 1,
        sourceHash: createHash('sha256').update(bytes).digest('hex'),
        sourceBytes: bytes.length,
        format,
        profile: PROFILE,
        inputUrl: `${base}/${trackId}/input`,
        outputUrl: `${base}/${trackId}/output`,
        eventsUrl: `${base}/${trackId}/events`,
        token: JOB_TOKEN,
        ...changes,
      }
    },
    until,
    events: (trackId: string) => events.get(trackId) ?? [],
    output: (trackId: string, name: OutputName) => outputs.get(trackId)?.get(name)?.bytes,
    outputTypes: (trackId: string) =>
      Object.fromEntries([...(outputs.get(trackId) ?? [])].map(([name, { type }]) => [name, type])),
    ending: (trackId: string): Promise<Ending> =>
      until(() => events.get(trackId)?.find((event): event is Ending => event.type !== 'progress')),
    manifest(trackId: string): Manifest {
      const bytes = outputs.get(trackId)?.get('manifest.json')?.bytes
      return manifestSchema.parse(JSON.parse(bytes?.toString() ?? 'null'))
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type WorkerDouble = Awaited<ReturnType<typeof startWorker>>

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
