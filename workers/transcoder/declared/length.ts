import { open } from 'node:fs/promises'
import type { SourceFormat } from '../../../src/transcoding/protocol.ts'
import type { Source } from '../input-arguments.ts'
import { declareAiff } from './aiff.ts'
import { type ByteSource, openByteSource } from './byte-source.ts'
import type { Declaration } from './declaration.ts'
import { declareFlac } from './flac.ts'
import { declareMp3 } from './mp3.ts'
import { declareMp4 } from './mp4.ts'
import { declareOgg } from './ogg.ts'
import { declareWav } from './wav.ts'

const READERS: Record<SourceFormat, (file: ByteSource) => Promise<Declaration>> = {
  mp3: declareMp3,
  flac: declareFlac,
  wav: declareWav,
  aiff: declareAiff,
  mp4: declareMp4,
  ogg: declareOgg,
}

export async function readDeclaration(source: Source): Promise<Declaration> {
  const handle = await open(source.path)
  try {
    return await READERS[source.format](await openByteSource(handle))
  } finally {
    await handle.close()
  }
}
