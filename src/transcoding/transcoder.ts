import type { Job } from './protocol.ts'

/** Whether a transcoder took a job; it works on its own from there and answers through the job's URLs. */
export type StartOutcome = 'accepted' | 'busy' | 'unavailable'

/** What runs jobs: a container in production, a process of its own in development. */
export type Transcoder = { start: (job: Job) => Promise<StartOutcome> }

/** A transcoder that is reached by `send`: a plain fetch, or a container's. */
export function httpTranscoder(
  send: (request: Request) => Promise<Response>,
  baseUrl: string,
  secret: string,
): Transcoder {
  return {
    async start(job) {
      const request = new Request(new URL('/jobs', baseUrl), {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify(job),
        signal: AbortSignal.timeout(20_000),
      })
      return outcomeOf(await send(request).catch(() => null))
    },
  }
}

function outcomeOf(response: Response | null): StartOutcome {
  if (response?.ok) return 'accepted'
  if (response?.status === 400) throw new Error('the transcoder refused the job as malformed')
  return response?.status === 429 ? 'busy' : 'unavailable'
}
