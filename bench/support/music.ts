import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { findFfmpeg } from '../../workers/transcoder/ffmpeg.ts'

const execute = promisify(execFile)

/**
 * A stereo 44.1 kHz FLAC that costs its encoders what music does: chords that change every two seconds over pink noise
 * that swells. 234 s of it are about 20 MB.
 */
export async function makeMusic(
  path: string,
  seconds: number,
  { hasCover = false }: { hasCover?: boolean } = {},
): Promise<void> {
  const note = (steps: number) => `sin(2*PI*t*110*pow(2,(mod(floor(t/2)*5,12)+${steps})/12))`
  const chord = (steps: number[]) => `0.1*(${steps.map(note).join('+')})*exp(-mod(t,2))`
  const noise = (seed: number) => `anoisesrc=d=${seconds}:c=pink:r=44100:a=0.03:seed=${seed}`
  const graph = [
    `${noise(1)}[l]`,
    `${noise(2)}[r]`,
    '[l][r]join=inputs=2:channel_layout=stereo,tremolo=f=0.3:d=0.7[noise]',
    `aevalsrc='${chord([0, 7, 16])}|${chord([0, 12, 19])}':s=44100:d=${seconds}[tones]`,
    '[tones][noise]amix=inputs=2:duration=shortest[out]',
  ].join(';')
  const music = ['-filter_complex', graph, '-map', '[out]']
  const flac = ['-c:a', 'flac', '-sample_fmt', 's16']
  if (!hasCover) return ffmpeg([...music, ...flac, path])
  const picture = `${path}.jpg`
  await ffmpeg(['-f', 'lavfi', '-i', 'testsrc2=s=1400x1400', '-frames:v', '1', '-q:v', '3', picture])
  const cover = ['-map', '0:v', '-c:v', 'copy', '-disposition:v', 'attached_pic']
  await ffmpeg(['-i', picture, ...music, ...flac, ...cover, path])
  await rm(picture)
}

/** A copy with a title of its own: other bytes, so another track, and the same music. @returns its path */
export async function withTitle(source: string, path: string): Promise<string> {
  await ffmpeg(['-i', source, '-map', '0', '-c', 'copy', '-metadata', `title=${basename(path)}`, path])
  return path
}

/** Writes a stretch of a file as FLAC. */
export async function cutMusic(
  source: string,
  { fromSeconds, seconds }: { fromSeconds: number; seconds: number },
  path: string,
): Promise<void> {
  const stretch = ['-ss', String(fromSeconds), '-t', String(seconds), '-i', source]
  await ffmpeg([...stretch, '-map', '0:a:0', '-c:a', 'flac', '-metadata', `title=${basename(path)}`, path])
}

/** The ffmpeg that the service's own transcoder uses. */
export async function ffmpegPath(): Promise<string> {
  const searchPath = process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'
  const found = await findFfmpeg({ ffmpegPath: process.env.FFMPEG_PATH, searchPath })
  if (!found) throw new Error('no ffmpeg of version 4.1 or later: install one or set FFMPEG_PATH')
  return found.path
}

async function ffmpeg(args: string[]): Promise<void> {
  await execute(await ffmpegPath(), ['-nostdin', '-v', 'error', '-y', ...args])
}
