import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import type { Config } from './config.ts'
import { type ProgramResult, runProgram } from './program.ts'

export type Ffmpeg = { path: string; version: string; missing: string[] }

const OLDEST_VERSION = [4, 1] as const
const NEEDED = {
  filters: ['ebur128', 'ametadata', 'asplit', 'aformat', 'aresample', 'anullsink', 'afade', 'pan'],
  encoders: ['aac', 'flac', 'pcm_s16le'],
  muxers: ['mp4', 's16le', 'wav', 'image2pipe', 'null'],
  demuxers: ['mp3', 'flac', 'wav', 'aiff', 'mov', 'ogg'],
}

/**
 * The ffmpeg to use: FFMPEG_PATH, else the one on the PATH if it is at least 4.1, else the npm package
 * @ffmpeg-installer/ffmpeg, a build of 2018 that is good enough for development and for nothing else.
 * @returns it with the filters, encoders, muxers and demuxers that it lacks; null when there is none.
 */
export async function findFfmpeg(config: Pick<Config, 'ffmpegPath' | 'searchPath'>): Promise<Ffmpeg | null> {
  const named = config.ffmpegPath ?? null
  const candidates = named ? [named] : [findExecutable('ffmpeg', config.searchPath), findInstalledPackage()]
  for (const path of candidates) {
    const version = path && (await readVersion(path))
    if (path && version) return { path, version, missing: await findMissing(path) }
  }
  return null
}

/** A program's path: as it is where it is one, else looked up in the folders of a PATH; null where there is none. */
export function findExecutable(name: string, searchPath: string): string | null {
  const isExecutable = (path: string) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  }
  if (name.includes('/')) return isExecutable(name) ? name : null
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null
}

function findInstalledPackage(): string | null {
  try {
    const found: unknown = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg')
    return z.object({ path: z.string() }).parse(found).path
  } catch {
    return null
  }
}

async function readVersion(path: string): Promise<string | null> {
  const { lines } = await ask(path, ['-version'])
  const version = /^ffmpeg version (\S+)/.exec(lines[0] ?? '')?.[1]
  if (!version) return null
  const numbers = /^n?(\d+)\.(\d+)/.exec(version)
  if (!numbers) return version
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])]
  const isRecent = major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1])
  return isRecent ? version : null
}

async function findMissing(path: string): Promise<string[]> {
  const kinds = Object.entries(NEEDED).map(async ([kind, names]) => {
    const { lines } = await ask(path, [`-${kind}`])
    const present = new Set(lines.flatMap((line) => (line.trim().split(/\s+/)[1] ?? '').split(',')))
    return names.filter((name) => !present.has(name)).map((name) => `${kind}:${name}`)
  })
  return (await Promise.all(kinds)).flat()
}

async function ask(path: string, args: string[]): Promise<{ lines: string[]; result: ProgramResult | null }> {
  const chunks: Buffer[] = []
  const options = { signal: AbortSignal.timeout(10_000), onStdout: (chunk: Buffer) => chunks.push(chunk) }
  const result = await runProgram(path, ['-hide_banner', ...args], options).catch(() => null)
  return { lines: Buffer.concat(chunks).toString().split('\n'), result }
}
