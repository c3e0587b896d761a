import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import {
  COVER_SIZES,
  type Manifest,
  type OutputName,
  outputNameSchema,
} from '../../src/transcoding/protocol.ts'
import { CoverProblem } from './embedded-cover.ts'

// Memory counts for more than speed here, and the cores belong to ffmpeg.
sharp.cache(false)
sharp.concurrency(1)

const MAX_PIXELS = 100_000_000
const TIMEOUT_SECONDS = 60
const WEBP_QUALITY = 82
const JPEG_QUALITY = 84

export type CoverVariants = {
  cover: NonNullable<Manifest['cover']>
  files: { name: OutputName; path: string }[]
}

/**
 * Writes a picture in the cover sizes as WebP and JPEG, upright and without metadata.
 * @throws CoverProblem where it cannot be decoded.
 */
export async function writeCoverVariants(
  picture: string,
  folder: string,
  signal: AbortSignal,
): Promise<CoverVariants> {
  try {
    const { width, height } = await readUprightSize(picture)
    const sizes = coverSizes(Math.max(width, height))
    const files: CoverVariants['files'] = []
    for (const size of sizes) {
      signal.throwIfAborted()
      files.push(...(await writeSize(picture, size, folder)))
    }
    return { cover: { sizes, width, height, colour: await dominantColour(picture) }, files }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'code' in error) throw error
    const reason =
      error instanceof Error ? error.message.replace(/[^\x20-\x7e]+/g, ' ').replace(/\/\S+/g, '') : 'unknown'
    throw new CoverProblem(`The picture cannot be read: ${reason}`.slice(0, 200).trim())
  }
}

/** Sizes below the original's longer side, and the first that holds all of it. */
export function coverSizes(longerSide: number): number[] {
  const enough = COVER_SIZES.findIndex((size) => size >= longerSide)
  return COVER_SIZES.slice(0, enough < 0 ? COVER_SIZES.length : enough + 1)
}

function openPicture(path: string): Sharp {
  const options = { limitInputPixels: MAX_PIXELS, failOn: 'error', sequentialRead: true } as const
  return sharp(path, options).timeout({ seconds: TIMEOUT_SECONDS }).rotate()
}

/** EXIF orientations from 5 on lie on their side. */
async function readUprightSize(path: string): Promise<{ width: number; height: number }> {
  const { width, height, orientation = 1 } = await openPicture(path).metadata()
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

async function writeSize(picture: string, size: number, folder: string): Promise<CoverVariants['files']> {
  const resized = openPicture(picture).resize(size, size, { fit: 'inside', withoutEnlargement: true })
  const target = (type: string) => {
    const name = outputNameSchema.parse(`cover-${size}.${type}`)
    return { name, path: join(folder, name) }
  }
  const [webp, jpg] = [target('webp'), target('jpg')]
  await resized.clone().webp({ quality: WEBP_QUALITY }).toFile(webp.path)
  await resized
    .clone()
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: JPEG_QUALITY, mozjpeg: true })
    .toFile(jpg.path)
  return [webp, jpg]
}

async function dominantColour(picture: string): Promise<string> {
  const small = await openPicture(picture)
    .resize(96, 96, { fit: 'inside' })
    .flatten()
    .toColourspace('srgb')
    .png()
    .toBuffer()
  const { r, g, b } = (await sharp(small).stats()).dominant
  return `#${[r, g, b].map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
