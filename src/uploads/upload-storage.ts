import { hasStorage, migrateStorage, type StorageMigration } from '../platform/object-storage.ts'
import type { CreateUpload } from './protocol.ts'
import { PHASES, type Phase, type StoredPart, type UploadState } from './state.ts'

const MIGRATIONS: readonly StorageMigration[] = [
  {
    id: 'upload',
    sql: `
      create table upload (
        upload_id text not null, owner_account_id text not null, length integer not null, metadata text not null,
        expires_at integer not null, multipart_id text, phase text not null
      );
      create table parts (number integer primary key, etag text not null, bytes integer not null);
      create table tail (position integer primary key, bytes blob not null);`,
  },
]

/** A row of the tail holds this much; a SQLite value in an object may have 2 MB. */
const ROW_BYTES = 1024 * 1024

/** The storage of one Upload object. */
export class UploadStorage {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    if (hasStorage(storage)) migrateStorage(storage, MIGRATIONS)
  }

  get #sql(): SqlStorage {
    return this.#storage.sql
  }

  /** The upload as it is stored, or null in an object that holds none. */
  load(): UploadState | null {
    if (!hasStorage(this.#storage)) return null
    const [row] = this.#sql.exec<Row>('select * from upload').toArray()
    if (!row) return null
    const phase = PHASES.find((known) => known === row.phase)
    if (!phase) throw new Error(`an upload is in the unknown phase ${row.phase}`)
    return {
      uploadId: row.upload_id,
      ownerAccountId: row.owner_account_id,
      length: row.length,
      metadata: row.metadata,
      expiresAt: row.expires_at,
      multipartId: row.multipart_id,
      parts: this.#sql.exec<StoredPart>('select number, etag, bytes from parts order by number').toArray(),
      tailBytes: this.#sql
        .exec<{ bytes: number }>('select coalesce(sum(length(bytes)), 0) as bytes from tail')
        .one().bytes,
      phase,
    }
  }

  create(upload: CreateUpload, expiresAt: number): void {
    migrateStorage(this.#storage, MIGRATIONS)
    this.#sql.exec(
      `insert into upload (upload_id, owner_account_id, length, metadata, expires_at, phase)
       values (?, ?, ?, ?, ?, 'receiving')`,
      upload.uploadId,
      upload.ownerAccountId,
      upload.length,
      upload.metadata,
      expiresAt,
    )
  }

  setMultipart(multipartId: string): void {
    this.#sql.exec('update upload set multipart_id = ?', multipartId)
  }

  setPhase(phase: Phase): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec('update upload set phase = ?', phase)
      this.#sql.exec('delete from tail')
    })
  }

  /** Counts parts that R2 has acknowledged. The tail is in the first of them. */
  addParts(parts: readonly StoredPart[], expiresAt: number): void {
    this.#storage.transactionSync(() => {
      for (const part of parts) {
        this.#sql.exec(
          'insert into parts (number, etag, bytes) values (?, ?, ?)',
          part.number,
          part.etag,
          part.bytes,
        )
      }
      this.#sql.exec('delete from tail')
      this.#sql.exec('update upload set expires_at = ?', expiresAt)
    })
  }

  /** Copies the tail to the beginning of `target` and returns its length. */
  readTail(target: Uint8Array): number {
    let filled = 0
    for (const { bytes } of this.#sql.exec<{ bytes: ArrayBuffer }>(
      'select bytes from tail order by position',
    )) {
      target.set(new Uint8Array(bytes), filled)
      filled += bytes.byteLength
    }
    return filled
  }

  /** Keeps `tail`, whose first `storedBytes` are stored already: only rows that change are written. */
  writeTail(tail: Uint8Array, storedBytes: number, expiresAt: number): void {
    this.#storage.transactionSync(() => {
      for (let row = Math.floor(storedBytes / ROW_BYTES); row * ROW_BYTES < tail.length; row++) {
        const bytes = tail.slice(row * ROW_BYTES, (row + 1) * ROW_BYTES)
        this.#sql.exec('insert or replace into tail (position, bytes) values (?, ?)', row, bytes.buffer)
      }
      this.#sql.exec('update upload set expires_at = ?', expiresAt)
    })
  }

  async clear(): Promise<void> {
    await this.#storage.deleteAlarm()
    await this.#storage.deleteAll()
  }
}

type Row = {
  upload_id: string
  owner_account_id: string
  length: number
  metadata: string
  expires_at: number
  multipart_id: string | null
  phase: string
}
