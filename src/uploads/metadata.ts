/**
 * Reads an Upload-Metadata header: pairs of a key and a base64 value, separated by commas
 * (https://tus.io/protocols/resumable-upload#upload-metadata). Values are UTF-8.
 * @returns null where it breaks the rules
 */
export function parseMetadata(header: string): Map<string, string> | null {
  const pairs = new Map<string, string>()
  if (header.trim() === '') return pairs
  for (const part of header.split(',')) {
    const [key, value = '', ...rest] = part.trim().split(' ')
    const text = decode(value)
    if (!key || !/^[\x21-\x7e]+$/.test(key) || rest.length > 0 || text === null || pairs.has(key)) return null
    pairs.set(key, text)
  }
  return pairs
}

function decode(base64: string): string | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(Buffer.from(base64, 'base64'))
  } catch {
    return null
  }
}
