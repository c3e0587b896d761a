import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const cores = availableParallelism()

const environmentSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8789),
  HOST: z.string().min(1).default('127.0.0.1'),
  TRANSCODER_SECRET: z.string().min(1),
  SLOTS: z.coerce
    .number()
    .int()
    .positive()
    .default(cores + 1),
  FFMPEG_PATH: z.string().optional(),
  FPCALC_PATH: z.string().optional(),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
  WORK_DIR: z.string().min(1).default(join(tmpdir(), 'segue-transcoder')),
  MAX_DURATION_S: z.coerce
    .number()
    .positive()
    .default(24 * 3600),
  JOB_TIMEOUT_S: z.coerce
    .number()
    .positive()
    .default(3 * 3600),
})

export type Config = {
  port: number
  host: string
  secret: string
  /** Jobs at a time; one that waits for its network costs no core, hence one more than there are cores. */
  slots: number
  /** ffmpeg processes at a time, over all jobs. */
  cores: number
  ffmpegPath: string | undefined
  fpcalcPath: string | undefined
  searchPath: string
  workDir: string
  maxDurationS: number
  jobTimeoutS: number
}

/** @throws ZodError naming each variable that is missing or malformed. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const isSet = ([, value]: [string, string | undefined]) => value !== undefined && value !== ''
  const env = environmentSchema.parse(Object.fromEntries(Object.entries(environment).filter(isSet)))
  return {
    port: env.PORT,
    host: env.HOST,
    secret: env.TRANSCODER_SECRET,
    slots: env.SLOTS,
    cores,
    ffmpegPath: env.FFMPEG_PATH,
    fpcalcPath: env.FPCALC_PATH,
    searchPath: env.PATH,
    workDir: env.WORK_DIR,
    maxDurationS: env.MAX_DURATION_S,
    jobTimeoutS: env.JOB_TIMEOUT_S,
  }
}
