import { createConnection, type Socket } from 'node:net'

export type Answer = {
  status: number
  /** Status line and header fields in lower case, each with its CRLF. */
  head: string
  bytes: number
  /** Where it was asked for. */
  body: Buffer | null
  /** From the request's sending to the first byte of the body. */
  firstByteMs: number
}

type Pending = {
  sentAt: number
  keepBody: boolean
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

const READ_BYTES = 256 * 1024
const HEAD_END = '\r\n\r\n'

/**
 * One kept-alive HTTP/1.1 connection on a bare socket, which costs the machine little beside the servers that are
 * measured. One request at a time; answers need a Content-Length.
 */
export class Connection {
  readonly #socket: Socket
  readonly #host: string
  #pending: Pending | null = null
  #head = ''
  #answer: Answer | null = null
  #length = 0
  #end: Error | null = null

  constructor(url: string) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.#socket = createConnection({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (bytes, buffer) => {
          this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
          return true
        },
      },
    })
    this.#socket.once('error', (error) => this.#fail(error))
    this.#socket.once('close', () => this.#fail(new Error('the connection was closed')))
  }

  get(path: string, headers: Record<string, string> = {}, keepBody = false): Promise<Answer> {
    const fields = Object.entries({ host: this.#host, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end)
      this.#pending = { sentAt: performance.now(), keepBody, resolve, reject }
      this.#socket.write(`GET ${path} HTTP/1.1\r\n${fields.join('\r\n')}${HEAD_END}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    const body = this.#answer ? chunk : this.#readHead(chunk)
    const answer = this.#answer
    if (!answer || body === null) return
    if (answer.bytes === 0 && body.length > 0) {
      answer.firstByteMs = performance.now() - (this.#pending?.sentAt ?? 0)
    }
    if (answer.body) body.copy(answer.body, answer.bytes)
    answer.bytes += body.length
    if (answer.bytes >= this.#length) this.#finish(answer)
  }

  /** @returns the beginning of the body behind a head that is whole now, else null */
  #readHead(chunk: Buffer): Buffer | null {
    const before = this.#head.length
    this.#head += chunk.toString('latin1', 0, Math.min(chunk.length, 16_384))
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return null
    const head = this.#head.slice(0, end + 2).toLowerCase()
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1]
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length: ${head}`))
      return null
    }
    this.#length = Number(length)
    const body = this.#pending?.keepBody ? Buffer.alloc(this.#length) : null
    this.#answer = { status: Number(head.slice(9, 12)), head, bytes: 0, body, firstByteMs: 0 }
    return chunk.subarray(end + HEAD_END.length - before)
  }

  #finish(answer: Answer): void {
    const pending = this.#pending
    this.#pending = null
    this.#answer = null
    this.#head = ''
    pending?.resolve(answer)
  }

  #fail(error: Error): void {
    this.#end = error
    this.#pending?.reject(error)
    this.#pending = null
    this.#socket.destroy()
  }
}
