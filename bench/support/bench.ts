import type { Figure } from './figures.ts'

/** What a bench is given. */
export type BenchContext = {
  /** An empty folder of its own, which goes when the bench ends. */
  folder: string
  /** Says on the error output what is going on. */
  note: (text: string) => void
  /** Has something undone when the bench ends, however it ends; last in, first out. */
  defer: (undo: () => unknown) => void
}

export type Bench = (context: BenchContext) => Promise<Figure[]>
