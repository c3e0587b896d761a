import type { JobEvent } from '../../src/transcoding/protocol.ts'

export type JobStage = Extract<JobEvent, { type: 'progress' }>['stage']

/** How much of a job each stage is, in per cent, from where to where. */
const SPANS: Record<JobStage, readonly [from: number, to: number]> = {
  fetch: [0, 5],
  analyse: [5, 25],
  encode: [25, 95],
  store: [95, 99],
}
const TICK_MS = 1000
const HEARTBEAT_TICKS = 8

/** The part of a job that is done; it never goes back. */
export function createProgress() {
  let stage: JobStage = 'fetch'
  let percent = 0
  return {
    /** @param share of the stage, 0 to 1. */
    update(next: JobStage, share: number) {
      const [from, to] = SPANS[next]
      stage = next
      percent = Math.max(percent, Math.floor(from + (to - from) * Math.min(1, Math.max(0, share))))
    },
    event: (): Extract<JobEvent, { type: 'progress' }> => ({ type: 'progress', stage, percent }),
  }
}

/**
 * Posts progress once a second while it changes and at least every 8 s, one event at a time.
 * @returns a function that stops it; it resolves when no event is on its way.
 */
export function reportProgress(
  progress: ReturnType<typeof createProgress>,
  post: (event: JobEvent) => Promise<void>,
): () => Promise<void> {
  let last = ''
  let ticks = 0
  let underWay: Promise<void> | null = null
  const tick = () => {
    ticks += 1
    const event = progress.event()
    const text = JSON.stringify(event)
    if (underWay || (text === last && ticks < HEARTBEAT_TICKS)) return
    last = text
    ticks = 0
    underWay = post(event).finally(() => {
      underWay = null
    })
  }
  tick()
  const timer = setInterval(tick, TICK_MS)
  return async () => {
    clearInterval(timer)
    await underWay
  }
}

/** The mean of weighted parts that advance on their own. */
export function createWeightedShare(onChange: (share: number) => void) {
  const parts: { weight: number; share: number }[] = []
  return (weight: number) => {
    const part = { weight, share: 0 }
    parts.push(part)
    return (share: number) => {
      part.share = Math.max(part.share, Math.min(1, share))
      const total = parts.reduce((sum, one) => sum + one.weight, 0)
      onChange(parts.reduce((sum, one) => sum + one.weight * one.share, 0) / total)
    }
  }
}
