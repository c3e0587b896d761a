const MAX_LINE_LENGTH = 1000

/** Complete lines of a byte stream, to the callback; a longer line than 1,000 characters is cut. */
export function createLineReader(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  let rest = ''
  return {
    push(chunk) {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH)
      for (const line of lines) onLine(line.slice(0, MAX_LINE_LENGTH))
    },
    end() {
      if (rest !== '') onLine(rest)
      rest = ''
    },
  }
}

/** Keeps the first and the last lines of something that may never end. */
export function createLineKeeper(first = 200, last = 60): { add(line: string): void; lines(): string[] } {
  const head: string[] = []
  const tail: string[] = []
  return {
    add(line) {
      if (head.length < first) {
        head.push(line)
        return
      }
      tail.push(line)
      if (tail.length > last) tail.shift()
    },
    lines: () => [...head, ...tail],
  }
}
