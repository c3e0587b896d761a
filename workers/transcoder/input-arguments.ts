import type { SourceFormat } from '../../src/transcoding/protocol.ts'

const DEMUXERS: Record<SourceFormat, string> = {
  mp3: 'mp3',
  flac: 'flac',
  wav: 'wav',
  aiff: 'aiff',
  mp4: 'mov',
  ogg: 'ogg',
}

/** Of one piece of memory; the largest honest ones are embedded pictures. */
const MAX_ALLOCATION_BYTES = 512 * 2 ** 20

/** A source file that nobody vouches for. */
export type Source = { path: string; format: SourceFormat }

/**
 * How every ffmpeg opens a source: with the one demuxer that its format allows, so that no playlist or
 * script inside it is ever followed, and with no protocol but local files.
 * @param options input options, such as a start or a limit.
 */
export function inputArguments(source: Source, options: string[] = []): string[] {
  const demuxer = DEMUXERS[source.format]
  return [
    ...['-nostdin', '-hide_banner', '-nostats', '-v', 'level+info', '-y'],
    ...['-max_error_rate', '1', '-max_alloc', String(MAX_ALLOCATION_BYTES)],
    ...['-protocol_whitelist', 'file,pipe', '-format_whitelist', demuxer, '-f', demuxer, '-threads', '1'],
    ...options,
    ...['-i', `file:${source.path}`],
  ]
}
