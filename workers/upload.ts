import { DurableObject } from 'cloudflare:workers'
import { openDb } from '../src/platform/db.ts'
import { APPEND_HEADER, appendSchema, type CreateUpload, type UploadAnswer } from '../src/uploads/protocol.ts'
import { UploadObject } from '../src/uploads/upload-object.ts'
import { UploadStorage } from '../src/uploads/upload-storage.ts'

/** One upload in progress: offset, lock, parts, tail and expiry. */
export class Upload extends DurableObject<Env> {
  readonly #upload: UploadObject

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#upload = new UploadObject({
      storage: new UploadStorage(state.storage),
      bucket: env.MEDIA,
      jobs: env.JOBS,
      openDb: () => openDb(env.DB, 'first-primary').db,
      setAlarm: (at) => state.storage.setAlarm(at),
    })
  }

  create(upload: CreateUpload): Promise<UploadAnswer> {
    return this.#upload.create(upload)
  }

  describe(accountId: string): Promise<UploadAnswer> {
    return this.#upload.describe(accountId)
  }

  terminate(accountId: string): Promise<UploadAnswer> {
    return this.#upload.terminate(accountId)
  }

  expireIfDue(): Promise<number | null> {
    return this.#upload.expireIfDue()
  }

  /** Bytes come as the body of a request, because only there does a broken connection show as one. */
  override async fetch(request: Request): Promise<Response> {
    const append = appendSchema.parse(JSON.parse(request.headers.get(APPEND_HEADER) ?? ''))
    const answer = this.#upload.append(append, request.body)
    // What has arrived is kept, also where nobody waits for the answer any more.
    this.ctx.waitUntil(answer)
    return Response.json(await answer)
  }

  override async alarm(): Promise<void> {
    await this.#upload.expireIfDue()
  }
}
