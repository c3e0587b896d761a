/** A page of any list of the service. */
export type Page<T> = { items: T[]; nextCursor: string | null }

/**
 * Every item of a list, page after page as they are asked for.
 * @param read reads the page at a cursor, such as `(cursor) => segue.listTracks({ query: { cursor } })`
 */
export async function* eachItem<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    yield* page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}
