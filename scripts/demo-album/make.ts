import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { findFfmpeg } from '../../workers/transcoder/ffmpeg.ts'
import { album } from './album.ts'
import { makeCover } from './cover.ts'
import { writeFlac } from './flac.ts'
import { lengthSeconds, type Piece } from './score.ts'
import { tagsOf } from './tags.ts'

/** Pieces rendered at a time: the rest of the service starts meanwhile. */
const renderers = 2

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('Usage: node scripts/demo-album/make.ts OUTDIR')
  process.exit(2)
}
await makeAlbum(resolve(folder))

/** Writes the album into a folder and prints a JSON line for each track once its file is whole, in album order. */
async function makeAlbum(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const [coverFile, ffmpegPath] = [writeCover(folder), requireFfmpeg()]
  const write = async (piece: Piece, index: number) => {
    const pcm = await render(piece)
    const file = join(folder, `${String(index + 1).padStart(2, '0')}-${piece.slug}.flac`)
    await writeFlac(await ffmpegPath, file, { pcm, tags: tagsOf(album, piece), coverFile: await coverFile })
    return file
  }
  const files = inTurns(album.pieces, renderers, write)
  const reports = album.pieces.map(async (piece, index) => {
    const done = await Promise.all(files.slice(0, index + 1))
    report(piece, done.at(-1))
  })
  await Promise.all([...files, ...reports])
}

/** Starts each item's work when the one `limit` places before it is done. */
function inTurns<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result>[] {
  const results: Promise<Result>[] = []
  for (const [index, item] of items.entries()) {
    results.push(Promise.resolve(results[index - limit]).then(() => work(item, index)))
  }
  return results
}

async function render(piece: Piece): Promise<Int16Array> {
  const worker = new Worker(new URL('./render-worker.ts', import.meta.url), { workerData: piece.slug })
  const [pcm]: unknown[] = await once(worker, 'message')
  if (!(pcm instanceof Int16Array)) throw new TypeError(`no samples came of ${piece.slug}`)
  return pcm
}

async function writeCover(folder: string): Promise<string> {
  const file = join(folder, 'cover.jpg')
  await writeFile(file, await makeCover(album.title, album.artist))
  return file
}

async function requireFfmpeg(): Promise<string> {
  const { FFMPEG_PATH, PATH = '' } = process.env
  const ffmpeg = await findFfmpeg({ ffmpegPath: FFMPEG_PATH || undefined, searchPath: PATH })
  if (!ffmpeg) throw new Error('no ffmpeg: set FFMPEG_PATH, or install ffmpeg')
  return ffmpeg.path
}

function report(piece: Piece, file: string | undefined): void {
  const durationMs = Math.round(lengthSeconds(piece) * 1000)
  console.log(JSON.stringify({ file, title: piece.title, durationMs, bpm: piece.bpm, key: piece.key }))
}
