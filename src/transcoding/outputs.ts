import { type MediaDescriptor, mediaFileSchema, renditionPrefix } from '../catalog/media.ts'
import type { ProcessingRow } from '../catalog/processing.ts'
import { publishTrack } from '../catalog/publish.ts'
import { JOB_COLUMNS, toDataPoint } from '../platform/analytics.ts'
import type { TranscodingDeps } from './deps.ts'
import {
  type Manifest,
  manifestSchema,
  OUTPUT_TYPES,
  type OutputName,
  outputNameSchema,
  PROFILE,
} from './protocol.ts'

const MANIFEST: OutputName = 'manifest.json'

export function prefixOf(row: ProcessingRow): string {
  return renditionPrefix(row.trackId, row.sourceHash, PROFILE, row.run)
}

/** True where this very run has put down its commit mark. */
export async function isCommitted(bucket: R2Bucket, row: ProcessingRow): Promise<boolean> {
  return (await bucket.head(prefixOf(row) + MANIFEST)) !== null
}

/** Takes the commit mark away from outputs that are not what it says: the next attempt is to make them anew. */
export async function uncommit(bucket: R2Bucket, row: ProcessingRow): Promise<void> {
  await bucket.delete(prefixOf(row) + MANIFEST)
}

/** Writes an object unless another writer was quicker; returns whether it was written. */
export async function putUnlessChanged(
  bucket: R2Bucket,
  key: string,
  name: OutputName,
  body: ReadableStream,
): Promise<boolean> {
  const before = await bucket.head(key)
  const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof OUTPUT_TYPES
  const stored = await bucket.put(key, body, {
    httpMetadata: { contentType: OUTPUT_TYPES[extension] },
    onlyIf: new Headers(before ? { 'if-match': before.httpEtag } : { 'if-none-match': '*' }),
  })
  return stored !== null
}

/**
 * Publishes a run whose manifest stands, after comparing it with what really lies in the bucket.
 * @returns null, or what is wrong with the outputs
 */
export async function commitOutputs(deps: TranscodingDeps, row: ProcessingRow): Promise<string | null> {
  const manifest = await readManifest(deps.bucket, row)
  if (typeof manifest === 'string') return manifest
  const files = await listFiles(deps.bucket, prefixOf(row))
  const missing = expectedFiles(manifest).filter(([name, bytes]) => {
    const file = files[name]
    return !file || (bytes !== null && file.bytes !== bytes)
  })
  if (missing.length > 0) return `Outputs are missing or differ: ${missing.map(([name]) => name).join(', ')}.`
  await publishTrack(deps.db, row, manifest, descriptorOf(row, manifest, files), deps.nowMs)
  recordJob(deps, row, 'ready', manifest.durationMs)
  return null
}

async function readManifest(bucket: R2Bucket, row: ProcessingRow): Promise<Manifest | string> {
  const object = await bucket.get(prefixOf(row) + MANIFEST)
  if (!object) return 'The manifest is missing.'
  const parsed = manifestSchema.safeParse(await object.json().catch(() => null))
  if (!parsed.success) return 'The manifest is not valid.'
  const { trackId, sourceHash } = parsed.data
  return trackId === row.trackId && sourceHash === row.sourceHash
    ? parsed.data
    : 'The manifest is of another track.'
}

async function listFiles(bucket: R2Bucket, prefix: string): Promise<MediaDescriptor['files']> {
  const { objects } = await bucket.list({ prefix })
  const files: MediaDescriptor['files'] = {}
  for (const object of objects) {
    const name = outputNameSchema.safeParse(object.key.slice(prefix.length))
    if (!name.success || name.data === MANIFEST) continue
    files[name.data] = mediaFileSchema.parse({
      bytes: object.size,
      etag: object.httpEtag,
      uploadedAt: object.uploaded.getTime(),
    })
  }
  return files
}

/** The files that a manifest promises, with their bytes where it names them. */
function expectedFiles(manifest: Manifest): [OutputName, number | null][] {
  const covers = (manifest.cover?.sizes ?? []).flatMap((size) => [`cover-${size}.webp`, `cover-${size}.jpg`])
  return [
    ...manifest.renditions.map(({ name, bytes }): [OutputName, number] => [`${name}.mp4`, bytes]),
    ['preview.mp4', manifest.preview.bytes],
    ['waveform.dat', null],
    ['waveform.json', null],
    ...covers.map((name): [OutputName, null] => [outputNameSchema.parse(name), null]),
  ]
}

function descriptorOf(
  row: ProcessingRow,
  manifest: Manifest,
  files: MediaDescriptor['files'],
): MediaDescriptor {
  const { histogram: _, ...loudness } = manifest.loudness
  return {
    prefix: prefixOf(row),
    durationMs: manifest.durationMs,
    renditions: manifest.renditions,
    files,
    loudness,
    waveform: manifest.waveform,
    preview: manifest.preview,
    cover: manifest.cover,
  }
}

/** Writes the one data point of a job that has ended. */
export function recordJob(
  deps: Pick<TranscodingDeps, 'metrics' | 'nowMs'>,
  row: ProcessingRow,
  outcome: string,
  audioMs: number,
): void {
  const startedAt = row.startedAt ?? deps.nowMs
  deps.metrics.writeDataPoint(
    toDataPoint(JOB_COLUMNS, row.trackId, {
      outcome,
      format: row.sourceFormat,
      profile: PROFILE,
      queuedMs: startedAt - row.queuedAt,
      jobMs: deps.nowMs - startedAt,
      sourceBytes: row.sourceBytes,
      audioMs,
      attempts: row.failures + 1,
    }),
  )
}
