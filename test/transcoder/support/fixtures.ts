import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'segue-fixtures-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const made = new Map<string, Promise<string>>()

/** The path of a file in a folder that goes when the tests end. */
export const fixturePath = (name: string) => join(folder, name)

/** A file made by ffmpeg, once. @param args everything but the output. */
export function fixture(name: string, args: string[]): Promise<string> {
  const path = fixturePath(name)
  const making = made.get(name) ?? ffmpeg([...args, path]).then(() => path)
  made.set(name, making)
  return making
}

/** A file with the given bytes. */
export async function bytesFixture(name: string, bytes: Buffer): Promise<string> {
  await writeFile(fixturePath(name), bytes)
  return fixturePath(name)
}

/** What ffmpeg prints on stderr. */
export async function ffmpeg(args: string[]): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-nostdin', '-hide_banner', '-y', ...args], { maxBuffer: 2 ** 26 })
  return stderr
}

/** Stereo pink noise, different on each side, that swells, so that no two stretches are alike. */
export function noise({ seconds = 4, rate = 44_100 } = {}): string[] {
  const side = (seed: number) => `anoisesrc=d=${seconds}:c=pink:r=${rate}:a=0.4:seed=${seed}`
  const graph = `${side(1)}[l];${side(2)}[r];[l][r]join=inputs=2:channel_layout=stereo,tremolo=f=0.3:d=0.7[out]`
  return ['-filter_complex', graph, '-map', '[out]']
}

/** A 1 kHz stereo sine. @param dbfs its peak on each side. */
export function sine({ seconds = 5, rate = 48_000, dbfs = -23 } = {}): string[] {
  const one = `${10 ** (dbfs / 20)}*sin(2*PI*1000*t)`
  return ['-f', 'lavfi', '-i', `aevalsrc=${one}|${one}:s=${rate}:d=${seconds}`]
}

/** Decoded mono samples at the file's own rate. */
export async function decodeMono(path: string): Promise<Int16Array> {
  const args = ['-nostdin', '-v', 'error', '-i', path, '-ac', '1', '-c:a', 'pcm_s16le', '-f', 's16le', '-']
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 28 })
  return new Int16Array(new Uint8Array(stdout).buffer)
}
