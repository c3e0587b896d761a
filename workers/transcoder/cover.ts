import { join } from 'node:path'
import sharp, { type ResizeOptions, type Sharp } from 'sharp'
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
 * Writes a picture in the cover sizes as WebP and JPEG, upright and without metadata. The picture itself, which may be
 * large, is decoded once.
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
    const largest = await openPicture(picture)
      .resize(fitting(LARGEST_SIZE))
      .png({ compressionLevel: 0 })
      .toBuffer()
    const files: CoverVariants['files'] = []
    for (const size of sizes) {
      signal.throwIfAborted()
      files.push(...(await writeSize(largest, size, folder)))
    }
    return { cover: { sizes, width, height, colour: await dominantColour(largest) }, files }
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

const LARGEST_SIZE = Math.max(...COVER_SIZES)

function fitting(size: number): ResizeOptions {
  return { width: size, height: size, fit: 'inside', withoutEnlargement: true }
}

async function writeSize(image: Buffer, size: number, folder: string): Promise<CoverVariants['files']> {
  const resized = sharp(image).resize(fitting(size))
  const target = (type: string) => {
    const name = outputNameSchema.parse(`cover-${size}.${type}`)
    return { name, path: join(folder, name) }
  }
  const [webp, jpg] = [target('webp'), target('jpg')]
  const opaque = resized.clone().flatten({ background: '#ffffff' })
  await resized.webp({ quality: WEBP_QUALITY }).toFile(webp.path)
  await opaque.jpeg({ quality: JPEG_QUALITY, mozjpeg: true }).toFile(jpg.path)
  return [webp, jpg]
}

async function dominantColour(image: Buffer): Promise<string> {
  const small = await sharp(image).resize(fitting(96)).flatten().toColourspace('srgb').png().toBuffer()
  const { r, g, b } = (await sharp(small).stats()).dominant
  return `#${[r, g, b].map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
