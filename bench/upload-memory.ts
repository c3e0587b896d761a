import { openAsBlob } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Program } from '../scripts/local/processes.ts'
import { fileSource } from '../sdk/node-file.ts'
import { uploadFile } from '../sdk/upload.ts'
import { MAX_UPLOAD_BYTES } from '../src/uploads/limits.ts'
import type { BenchContext } from './support/bench.ts'
import { atMost, type Figure, told } from './support/figures.ts'
import { signIn, startSegue } from './support/segue.ts'
import { seededRandom } from './support/statistics.ts'
import { peakMemoryBytes, workerdPids } from './support/workerd.ts'
import { startBareWorker } from './support/wrangler.ts'

const MB = 1024 * 1024

/** The peak memory of the runtime while 1 GiB passes through, against a bare Worker's `put(key, request.body)`. */
export async function uploadMemory(context: BenchContext): Promise<Figure[]> {
  const file = join(context.folder, 'large.wav')
  context.note('writing a file of 1 GiB')
  await writeNoiseWav(file, MAX_UPLOAD_BYTES)
  const segue = await segueMemory(context, file)
  const bare = await bareMemory(context, file)
  return [
    told('1 GiB upload, peak memory, Segue', segue / MB, 'MiB'),
    told('1 GiB upload, peak memory, bare put', bare / MB, 'MiB'),
    atMost(1.2, '1 GiB upload, peak memory, Segue to bare put', segue / bare, 'ratio'),
  ]
}

async function segueMemory(context: BenchContext, file: string): Promise<number> {
  context.note('sending it to the service')
  const service = await startSegue(context, { name: 'memory' })
  await uploadFile(await signIn(service), await fileSource(file))
  const peak = peakOf(service.programs.worker)
  await service.stop()
  return peak
}

async function bareMemory(context: BenchContext, file: string): Promise<number> {
  context.note('sending it to a bare Worker')
  const worker = await startBareWorker('bucket', join(context.folder, 'bucket'))
  context.defer(() => worker.program.stop())
  const put = await fetch(`${worker.url}/large.wav`, { method: 'PUT', body: await openAsBlob(file) })
  if (!put.ok) throw new Error(`the bare Worker answered ${put.status}`)
  const peak = peakOf(worker.program)
  await worker.program.stop()
  return peak
}

/** All of a program's runtime processes together. */
function peakOf(program: Program): number {
  return workerdPids(program.pid)
    .map(peakMemoryBytes)
    .reduce((sum, bytes) => sum + bytes, 0)
}

/** A 16-bit stereo WAV of noise, `bytes` long with its header. */
async function writeNoiseWav(path: string, bytes: number): Promise<void> {
  const random = seededRandom(1)
  const block = Buffer.from(Uint32Array.from({ length: MB / 4 }, () => random() * 2 ** 32).buffer)
  const file = await open(path, 'w')
  try {
    await file.write(wavHeader(bytes))
    for (let left = bytes - 44; left > 0; left -= block.length) {
      // No two blocks are alike, so that nothing on the way can keep one for many.
      block.writeUInt32LE(left)
      await file.write(block, 0, Math.min(block.length, left))
    }
  } finally {
    await file.close()
  }
}

/** A canonical RIFF header of PCM at 44.1 kHz. */
function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(bytes - 8, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(2, 22)
  header.writeUInt32LE(44_100, 24)
  header.writeUInt32LE(44_100 * 4, 28)
  header.writeUInt16LE(4, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(bytes - 44, 40)
  return header
}
