import type { Job } from '../../src/transcoding/protocol.ts'
import { JobDropped } from './failure.ts'

export type Acceptance = 'accepted' | 'running' | 'busy'

type Slot = { attempt: number; controller: AbortController; ended: Promise<void> }

/**
 * The jobs that run here, at most one for a track.
 * @param run works on a job until its end, or until the signal aborts; it must not reject.
 */
export function createSlots(count: number, run: (job: Job, cancel: AbortSignal) => Promise<void>) {
  const running = new Map<string, Slot>()
  let isClosed = false

  const start = (job: Job, after: Promise<void> | undefined) => {
    const controller = new AbortController()
    const work = async () => {
      await after
      await run(job, controller.signal)
      if (running.get(job.trackId) === slot) running.delete(job.trackId)
    }
    const slot: Slot = { attempt: job.attempt, controller, ended: Promise.resolve() }
    running.set(job.trackId, slot)
    slot.ended = work()
  }
  return {
    running: () => running.size,
    /** A newer attempt takes the place of an older one, which nobody waits for any more. */
    offer(job: Job): Acceptance {
      const current = running.get(job.trackId)
      if (current && current.attempt >= job.attempt) return 'running'
      if (isClosed || (!current && running.size >= count)) return 'busy'
      current?.controller.abort(new JobDropped('superseded'))
      start(job, current?.ended)
      return 'accepted'
    },
    /** Aborts all jobs and waits until they are cleaned up. */
    async close() {
      isClosed = true
      const slots = [...running.values()]
      for (const { controller } of slots) controller.abort(new JobDropped('shutting down'))
      await Promise.all(slots.map(({ ended }) => ended))
    },
  }
}
