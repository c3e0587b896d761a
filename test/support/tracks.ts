import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env as boundEnv } from 'cloudflare:workers'
import { createTrackFromFile } from '../../src/catalog/ingest.ts'
import * as processing from '../../src/catalog/processing.ts'
import type { TrackTags } from '../../src/catalog/tags.ts'
import { openDb } from '../../src/platform/db.ts'
import { settingsOf } from '../../src/platform/env.ts'
import { newId } from '../../src/platform/ids.ts'
import { prefixOf } from '../../src/transcoding/outputs.ts'
import {
  type JobEvent,
  type Manifest,
  OUTPUT_TYPES,
  PROFILE,
  type Rendition,
  type RenditionName,
} from '../../src/transcoding/protocol.ts'
import { signJobToken } from '../../src/transcoding/token.ts'
import worker from '../../workers/index.ts'
import { ORIGIN } from './http.ts'

export type Sent = { body: unknown; delaySeconds: number | undefined }
export type Bench = { env: Env; jobs: Sent[]; events: Sent[] }

/** The Worker's bindings with queues that only note what is sent: nothing happens but what the test hands on. */
export function bench(change: Partial<Env> = {}): Bench {
  const jobs: Sent[] = []
  const events: Sent[] = []
  return { env: { ...boundEnv, JOBS: noting(jobs), EVENTS: noting(events), ...change }, jobs, events }
}

function noting(sent: Sent[]): Queue {
  const metrics = { backlogCount: 0, backlogBytes: 0 }
  return {
    metrics: async () => metrics,
    send: async (body, options) => {
      sent.push({ body, delaySeconds: options?.delaySeconds })
      return { metadata: { metrics } }
    },
    sendBatch: async (messages) => {
      for (const { body, delaySeconds } of messages) sent.push({ body, delaySeconds })
      return { metadata: { metrics } }
    },
  }
}

type Ask = { headers?: Record<string, string>; body?: BodyInit; json?: unknown }

/** Sends a request to the Worker under these bindings. What it leaves to do behind the answer goes on by itself. */
export function ask(
  env: Env,
  method: string,
  path: string,
  { headers = {}, body, json }: Ask = {},
): Promise<Response> {
  const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' }
  const content = json === undefined ? body : JSON.stringify(json)
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
    method,
    headers: { ...type, ...headers },
    ...(content === undefined ? {} : { body: content }),
  })
  return Promise.resolve(worker.fetch(request, env, createExecutionContext()))
}

/** Hands messages to the Worker's consumer of a queue. */
export async function deliver(env: Env, queue: string, bodies: unknown[], sentAt = new Date()) {
  const messages = bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: sentAt, attempts: 1, body }))
  const batch = createMessageBatch(queue, messages)
  await worker.queue(batch, env)
  return getQueueResult(batch, createExecutionContext())
}

/** Hands on what has been noted of domain events. */
export async function deliverEvents({ env, events }: Bench): Promise<void> {
  await deliver(
    env,
    'segue-events',
    events.splice(0).map((sent) => sent.body),
  )
}

export type SeededTrack = { trackId: string; sourceKey: string; sourceHash: string; ticket: number }

export function randomHash(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')
}

export function tagsWith(tags: Partial<TrackTags> = {}): TrackTags {
  return {
    title: 'Morning Tide',
    artists: ['The Lighthouse Ensemble'],
    album: null,
    albumArtists: [],
    composers: [],
    genres: [],
    trackNumber: null,
    discNumber: null,
    releaseDate: null,
    isrc: null,
    lyricsPlain: null,
    lyricsSynced: null,
    ...tags,
  }
}

/** A track that waits for the transcoder, with its original in the bucket. */
export async function seedTrack(
  owner: { accountId: string },
  tags: Partial<TrackTags> = {},
  sourceHash = randomHash(),
): Promise<SeededTrack> {
  const sourceKey = `originals/${newId('upload')}`
  await boundEnv.MEDIA.put(sourceKey, `original ${sourceHash}`)
  const { trackId, ticket } = await createTrackFromFile(
    openDb(boundEnv.DB, 'first-primary').db,
    {
      ownerAccountId: owner.accountId,
      sourceHash,
      sourceKey,
      sourceBytes: `original ${sourceHash}`.length,
      sourceFormat: 'flac',
      fileName: 'tide.flac',
      tags: tagsWith(tags),
    },
    Date.now(),
  )
  return { trackId, sourceKey, sourceHash, ticket }
}

/** Bytes of which any four in a row tell where they stand, and in which file. */
export function patternBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index + 1, 0x9e3779b1) ^ seed
  return new Uint8Array(words.buffer, 0, length)
}

export type OutputOptions = {
  isLossless?: boolean
  hasCover?: boolean
  durationMs?: number
  damage?: string | null
  loudness?: Partial<Manifest['loudness']>
  /** Makes the bytes of this run other ones. */
  seed?: number
}
export type Outputs = { manifest: Manifest; files: Record<string, Uint8Array<ArrayBuffer>> }

const BYTES: Record<RenditionName, number> = {
  'aac-64': 20_011,
  'aac-128': 40_009,
  'aac-256': 60_013,
  flac: 90_001,
}

/** What the transcoder would make of a track: small files that no player could play, and a manifest that fits them. */
export function outputsOf(
  track: Pick<SeededTrack, 'trackId' | 'sourceHash'>,
  options: OutputOptions = {},
): Outputs {
  const { isLossless = true, hasCover = true, durationMs = 12_388, damage = null, seed = 0 } = options
  const names: RenditionName[] = ['aac-64', 'aac-128', 'aac-256', ...(isLossless ? ['flac' as const] : [])]
  const files: Outputs['files'] = {}
  for (const [index, name] of names.entries()) files[`${name}.mp4`] = patternBytes(BYTES[name], seed + index)
  files['preview.mp4'] = patternBytes(5_003, seed + 10)
  files['waveform.dat'] = patternBytes(2_024, seed + 11)
  files['waveform.json'] = Uint8Array.from(Buffer.from('{"version":2,"length":500}'))
  for (const name of hasCover ? ['cover-96.webp', 'cover-96.jpg', 'cover-320.webp', 'cover-320.jpg'] : [])
    files[name] = patternBytes(300 + name.length, seed + 12)
  const manifest: Manifest = {
    version: 1,
    trackId: track.trackId,
    sourceHash: track.sourceHash,
    profile: PROFILE,
    source: { codec: isLossless ? 'flac' : 'mp3', sampleRate: 44_100, channels: 2, bitDepth: 16, isLossless },
    samples: Math.round(durationMs * 44.1),
    durationMs,
    damage,
    loudness: {
      integratedLufs: -14.2,
      rangeLu: 5.5,
      truePeakDbtp: -1.1,
      trackGainDb: -3.8,
      histogram: [
        [550, 40],
        [560, 60],
      ],
      ...options.loudness,
    },
    renditions: names.map(renditionOf),
    preview: { bytes: 5_003, startMs: 3_000, durationMs: 9_000 },
    waveform: { points: 500, samplesPerPoint: 1_024 },
    cover: hasCover ? { sizes: [96, 320], width: 400, height: 400, colour: '#1d3557' } : null,
    coverProblem: null,
    fingerprint: null,
  }
  return { manifest, files }
}

function renditionOf(name: RenditionName): Rendition {
  const bytes = BYTES[name]
  const media = bytes - 900
  const third = Math.floor(media / 3)
  return {
    name,
    codec: name === 'flac' ? 'fLaC' : 'mp4a.40.2',
    bytes,
    bitrateBps: bytes,
    peakBitrateBps: bytes + 1_000,
    sampleRate: 44_100,
    channels: 2,
    timescale: 44_100,
    initBytes: 900,
    mapBytes: 800,
    segments: [
      [third, 262_144],
      [third, 262_144],
      [media - 2 * third, 22_023],
    ],
  }
}

/** One attempt at a track, as its transcoder knows it. */
export type JobHandle = { trackId: string; attempt: number; token: string; prefix: string }

/** Takes the next attempt at a track, as the consumer of its message would. */
export async function claimJob(trackId: string): Promise<JobHandle> {
  const { db } = openDb(boundEnv.DB, 'first-primary')
  const row = await processing.findProcessing(db, trackId)
  const attempt = row && (await processing.claimAttempt(db, row, row.failures, Date.now()))
  if (!row || !attempt) throw new Error('the attempt was not to be had')
  return jobHandle(trackId, attempt, prefixOf(row))
}

export function jobHandle(trackId: string, attempt: number, prefix = ''): JobHandle {
  const token = signJobToken(settingsOf(boundEnv), { trackId, attempt }, Date.now())
  return { trackId, attempt, token, prefix }
}

export function putOutput(
  env: Env,
  job: Pick<JobHandle, 'trackId' | 'token'>,
  name: string,
  body: Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = body instanceof Uint8Array
    ? { 'content-length': String(body.length) }
    : {},
): Promise<Response> {
  return ask(env, 'PUT', `/internal/jobs/${job.trackId}/outputs/${name}`, {
    headers: { authorization: `Bearer ${job.token}`, ...headers },
    body,
  })
}

export function postEvent(
  env: Env,
  job: Pick<JobHandle, 'trackId' | 'token'>,
  event: JobEvent,
): Promise<Response> {
  return ask(env, 'POST', `/internal/jobs/${job.trackId}/events`, {
    headers: { authorization: `Bearer ${job.token}` },
    json: event,
  })
}

/** Puts outputs where the job routes would, the manifest last. */
export async function storeOutputs(prefix: string, { manifest, files }: Outputs): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof OUTPUT_TYPES
    await boundEnv.MEDIA.put(prefix + name, bytes, { httpMetadata: { contentType: OUTPUT_TYPES[extension] } })
  }
  await boundEnv.MEDIA.put(`${prefix}manifest.json`, JSON.stringify(manifest))
}

/** Plays the transcoder to the end: the track is ready, and what follows from that has happened. */
export async function finishTrack(track: SeededTrack, options: OutputOptions = {}): Promise<Outputs> {
  const around = bench()
  const job = await claimJob(track.trackId)
  const outputs = outputsOf(track, options)
  await storeOutputs(job.prefix, outputs)
  const answer = await postEvent(around.env, job, { type: 'done' })
  if (answer.status !== 204) throw new Error(`the job's end was answered with ${answer.status}`)
  await deliverEvents(around)
  return outputs
}

export type ReadyTrack = SeededTrack & Outputs

export async function readyTrack(
  owner: { accountId: string },
  tags: Partial<TrackTags> = {},
  options: OutputOptions = {},
): Promise<ReadyTrack> {
  const track = await seedTrack(owner, tags)
  return { ...track, ...(await finishTrack(track, options)) }
}
