/** Keeps the address of each unfinished upload by the fingerprint of its file. */
export type UploadUrls = {
  get: (fingerprint: string) => string | null | Promise<string | null>
  set: (fingerprint: string, url: string) => void | Promise<void>
  delete: (fingerprint: string) => void | Promise<void>
}

const PREFIX = 'segue-upload:'
const memory = memoryUploadUrls()

/** Forgets everything with the process. */
export function memoryUploadUrls(): UploadUrls {
  const urls = new Map<string, string>()
  return {
    get: (fingerprint) => urls.get(fingerprint) ?? null,
    set: (fingerprint, url) => {
      urls.set(fingerprint, url)
    },
    delete: (fingerprint) => {
      urls.delete(fingerprint)
    },
  }
}

/** In a browser what its localStorage keeps over restarts, elsewhere what this process keeps. */
export function defaultUploadUrls(): UploadUrls {
  // Node has a localStorage too, which warns unless it was given a file.
  if (typeof document === 'undefined' || typeof localStorage === 'undefined') return memory
  return {
    get: (fingerprint) => localStorage.getItem(PREFIX + fingerprint),
    set: (fingerprint, url) => localStorage.setItem(PREFIX + fingerprint, url),
    delete: (fingerprint) => localStorage.removeItem(PREFIX + fingerprint),
  }
}
