import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { sampleRateHz } from './sound/signal.ts'

export interface FlacContent {
  /** Interleaved 16-bit stereo at 44.1 kHz. */
  pcm: Int16Array
  tags: Record<string, string>
  coverFile: string
}

/**
 * Writes a FLAC file with tags and a front cover. The file appears under its name only when it is whole. Throws an
 * Error with ffmpeg's own words if ffmpeg fails.
 */
export async function writeFlac(ffmpegPath: string, file: string, content: FlacContent): Promise<void> {
  const partFile = `${file}.part`
  const ffmpeg = spawn(ffmpegPath, encodeArguments(content, partFile), { stdio: ['pipe', 'ignore', 'pipe'] })
  const closed = once(ffmpeg, 'close')
  const complaints = text(ffmpeg.stderr)
  ffmpeg.stdin.on('error', () => {})
  ffmpeg.stdin.end(Buffer.from(content.pcm.buffer, content.pcm.byteOffset, content.pcm.byteLength))
  const [exitCode] = await closed
  if (exitCode !== 0) throw new Error(`ffmpeg could not write ${file}: ${await complaints}`)
  await rename(partFile, file)
}

function encodeArguments({ tags, coverFile }: FlacContent, file: string): string[] {
  const audio = ['-f', 's16le', '-ar', String(sampleRateHz), '-ac', '2', '-i', 'pipe:0']
  const picture = [
    '-i',
    coverFile,
    '-map',
    '0:a',
    '-map',
    '1:v',
    '-c:v',
    'copy',
    '-disposition:v',
    'attached_pic',
  ]
  const metadata = Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`])
  return [
    ...['-v', 'error', '-y', ...audio, ...picture, ...metadata],
    ...['-metadata:s:v', 'title=Cover', '-metadata:s:v', 'comment=Cover (front)'],
    ...['-c:a', 'flac', '-fflags', '+bitexact', '-flags:a', '+bitexact', '-f', 'flac', file],
  ]
}
