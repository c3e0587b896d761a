import { open } from 'node:fs/promises'
import { inputArguments, type Source } from './input-arguments.ts'
import { runProgram } from './program.ts'

const MAX_COVER_BYTES = 64 * 2 ** 20

/** Why an embedded picture is left out; never a reason for the track to fail. */
export class CoverProblem extends Error {
  override readonly name = 'CoverProblem'
}

/**
 * Writes the picture of a source's video stream to a file, as it is.
 * @throws CoverProblem where it is larger than 64 MB or no image that is accepted.
 */
export async function extractCover(
  ffmpeg: string,
  source: Source,
  stream: number,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const tooLarge = new AbortController()
  const output = ['-map', `0:${stream}`, '-c', 'copy', '-frames:v', '1', '-f', 'image2pipe', 'pipe:1']
  const chunks: Buffer[] = []
  let bytes = 0
  const run = runProgram(ffmpeg, [...inputArguments(source), ...output], {
    signal: AbortSignal.any([signal, tooLarge.signal]),
    onStdout: (chunk) => {
      bytes += chunk.length
      if (bytes > MAX_COVER_BYTES) tooLarge.abort(new CoverProblem('The picture is larger than 64 MB.'))
      else chunks.push(chunk)
    },
  })
  await run
  const file = await open(path, 'w')
  try {
    await file.writev(chunks)
  } finally {
    await file.close()
  }
  if (!isAcceptedImage(chunks[0] ?? Buffer.alloc(0)))
    throw new CoverProblem('The picture is not a JPEG, PNG, WebP, GIF or AVIF image.')
}

/** By content, not by what the tag says. SVG can hold scripts and references, so it never counts. */
export function isAcceptedImage(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', 0, 12)
  return (
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    /^GIF8[79]a/.test(text) ||
    /^RIFF.{4}WEBP/s.test(text) ||
    /^.{4}ftypavi[fs]/s.test(text)
  )
}
