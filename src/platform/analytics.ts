/**
 * Analytics Engine datasets, columns named once. Writer and SQL both derive from these tables; a column is
 * added at the end of its kind and never renamed or reused.
 */
type Column = `blob${number}` | `double${number}`
type Columns = Record<string, Column>

export const MEDIA_DATASET = 'segue_media'
export const MEDIA_COLUMNS = {
  outcome: 'blob1',
  file: 'blob2',
  country: 'blob3',
  colo: 'blob4',
  tier: 'blob5',
  bytes: 'double1',
  status: 'double2',
} as const satisfies Columns

export const JOBS_DATASET = 'segue_jobs'
export const JOB_COLUMNS = {
  outcome: 'blob1',
  format: 'blob2',
  profile: 'blob3',
  queuedMs: 'double1',
  jobMs: 'double2',
  sourceBytes: 'double3',
  audioMs: 'double4',
  attempts: 'double5',
} as const satisfies Columns

type Values<C extends Columns> = { [K in keyof C]: C[K] extends `double${number}` ? number : string }

/** Puts named values into their columns; `index` is the sampling key. */
export function toDataPoint<C extends Columns>(
  columns: C,
  index: string,
  values: Values<C>,
): AnalyticsEngineDataPoint {
  const blobs: string[] = []
  const doubles: number[] = []
  for (const [name, column] of Object.entries(columns)) {
    const value = (values as Record<string, string | number>)[name]
    const position = Number(column.replace(/\D+/, '')) - 1
    if (typeof value === 'number') doubles[position] = value
    else blobs[position] = value ?? ''
  }
  return { indexes: [index], blobs, doubles }
}
