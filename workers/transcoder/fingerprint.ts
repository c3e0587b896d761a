import { join } from 'node:path'
import { z } from 'zod'
import { encode } from './encode.ts'
import { inputArguments, type Source } from './input-arguments.ts'
import { runProgram } from './program.ts'

/** What AcoustID compares. */
const SECONDS = 120
const outputSchema = z.object({ fingerprint: z.array(z.int()).min(1).max(20_000) })

/**
 * Chromaprint's raw fingerprint of a source's first two minutes. fpcalc guesses formats by content, which a
 * hostile file could turn on it, so it gets a WAV file of ours.
 * @returns null where fpcalc finds too little to go by.
 */
export async function fingerprintSource(
  tools: { ffmpeg: string; fpcalc: string },
  source: Source,
  folder: string,
  signal: AbortSignal,
): Promise<number[] | null> {
  const wav = join(folder, 'fingerprint.wav')
  const args = [
    ...inputArguments(source, ['-t', String(SECONDS)]),
    '-map',
    '0:a:0',
    '-map_metadata',
    '-1',
    '-ac',
    '1',
  ]
  await encode(tools.ffmpeg, [...args, '-c:a', 'pcm_s16le', '-f', 'wav'], wav, {
    signal,
    onProgress: () => undefined,
  })
  const chunks: Buffer[] = []
  // Some builds take the end of the file for an error and exit with 3, after printing everything.
  await runProgram(tools.fpcalc, ['-raw', '-json', '-length', String(SECONDS), wav], {
    signal,
    onStdout: (chunk) => chunks.push(chunk),
  })
  return parseFingerprint(Buffer.concat(chunks).toString())
}

function parseFingerprint(json: string): number[] | null {
  try {
    return outputSchema.parse(JSON.parse(json)).fingerprint
  } catch {
    return null
  }
}
