import type { CreateUpload, UploadAnswer } from './protocol.ts'

/** What the Upload object can be asked for besides taking bytes (`fetch`). */
export interface Upload extends Rpc.DurableObjectBranded {
  create(upload: CreateUpload): Promise<UploadAnswer>
  describe(accountId: string): Promise<UploadAnswer>
  terminate(accountId: string): Promise<UploadAnswer>
  expireIfDue(): Promise<number | null>
}
