import { proxyDurable } from 'itty-durable'

type Call = (...args: string[]) => Promise<unknown>

/**
 * The methods of an itty-durable object that may be called, and nothing else of it: what `proxyDurable` returns
 * would also read and set every property, and never resolves when awaited.
 *
 * itty-durable sends arguments in a header, so they go as ASCII: the object reads them by {@link readIttyArgument}.
 * @param id from src/platform/placement.ts
 * @returns one async function for each method; it takes one JSON value and answers unparsed JSON values
 */
export function ittyMethods<M extends string>(
  namespace: object,
  id: DurableObjectId,
  methods: readonly M[],
): Readonly<Record<M, (argument?: unknown) => Promise<unknown>>> {
  const proxy: Record<string, Call> = proxyDurable(namespace, { parse: true }).get(id)
  const entries = methods.map((method) => {
    const call = async (argument?: unknown) =>
      proxy[method]?.(...(argument === undefined ? [] : [encodeURIComponent(JSON.stringify(argument))]))
    return [method, call] as const
  })
  return Object.freeze(Object.fromEntries(entries) as Record<M, (typeof entries)[number][1]>)
}

/** Reads in an itty-durable object what a caller passed through {@link ittyMethods}; parse it with zod. */
export function readIttyArgument(argument: unknown): unknown {
  return JSON.parse(decodeURIComponent(String(argument)))
}
