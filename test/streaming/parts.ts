export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer())
}

export type Part = { type: string | undefined; range: string | undefined; bytes: Uint8Array }

/** Reads a multipart/byteranges body (RFC 2046 §5.1.1). Throws where it is not well formed to the last byte. */
export function partsOf(body: Uint8Array, contentType: string): Part[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(contentType)?.[1]
  if (!boundary) throw new Error(`no boundary in ${contentType}`)
  const text = Buffer.from(body).toString('latin1')
  const [preamble, ...sections] = `\r\n${text}`.split(`\r\n--${boundary}`)
  const closing = sections.pop()
  if (preamble !== '' || closing !== '--\r\n') throw new Error('the body does not begin or end as it should')
  return sections.map((section) => {
    const end = section.indexOf('\r\n\r\n')
    if (!section.startsWith('\r\n') || end < 0) throw new Error('a part has no head')
    const fields = new Map(
      section
        .slice(2, end)
        .split('\r\n')
        .map((line) => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
        }),
    )
    return {
      type: fields.get('content-type'),
      range: fields.get('content-range'),
      bytes: Uint8Array.from(Buffer.from(section.slice(end + 4), 'latin1')),
    }
  })
}
