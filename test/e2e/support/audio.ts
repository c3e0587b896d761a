import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A folder for this test file's audio. */
export async function audioFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'segue-audio-'))
}

export async function ffmpeg(...args: string[]): Promise<void> {
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args])
}

/** Music-like noise: no two seeds sound or hash alike. Seconds may be fractions. */
export function source(seconds: number, seed: number): string[] {
  const tone = 200 + ((seed * 37) % 900)
  return [
    '-f',
    'lavfi',
    '-i',
    `aevalsrc='0.3*sin(2*PI*${tone}*t)+0.1*random(${seed})|0.3*sin(2*PI*${tone * 1.5}*t)+0.1*random(${seed + 1})':d=${seconds}:s=44100`,
  ]
}

export function tagArgs(tags: Record<string, string>): string[] {
  return Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`])
}

/** Makes an audio file by its extension's usual codec. */
export async function makeAudio(
  file: string,
  {
    seconds = 3,
    seed = 1,
    tags = {},
    args = [],
  }: { seconds?: number; seed?: number; tags?: Record<string, string>; args?: string[] } = {},
): Promise<string> {
  await ffmpeg(...source(seconds, seed), ...tagArgs(tags), ...args, file)
  return file
}

/** Decodes audio of a URL or file and counts the samples per channel. */
export async function decodedSamples(input: string): Promise<number> {
  const { stdout } = await run(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-i', input, '-map', '0:a:0', '-ac', '1', '-f', 's16le', '-'],
    { encoding: 'buffer', maxBuffer: 512 * 1024 * 1024 },
  )
  return stdout.length / 2
}

export async function writeBytes(file: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(file, bytes)
  return file
}
