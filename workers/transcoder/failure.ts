import type { JobFailureCode } from '../../src/transcoding/protocol.ts'

/** The job ends as `failed`; `message` is the detail that the Worker stores and shows. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
  readonly code: JobFailureCode
  readonly isRetryable: boolean

  constructor(code: JobFailureCode, message: string, isRetryable: boolean) {
    super(message)
    this.code = code
    this.isRetryable = isRetryable
  }
}

/** Nobody wants this job any more: it ends without another word. */
export class JobDropped extends Error {
  override readonly name = 'JobDropped'
}

/** Whatever went wrong, as the failure to report. Anything unforeseen may go better the next time. */
export function asJobFailure(error: unknown): JobFailure {
  if (error instanceof JobFailure) return error
  if (isDiskFull(error))
    return new JobFailure('transcoder_error', 'The transcoder has no disk space left.', true)
  return new JobFailure('transcoder_error', 'The transcoder met an unexpected error.', true)
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC'
}
