/**
 * The one place that turns a name into a Durable Object: its namespace, name, jurisdiction and location hint.
 * No jurisdiction is set: objects live near who first asks for them.
 */
export function objectOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): DurableObjectStub<T> {
  return namespace.get(objectIdOf(namespace, name))
}

/** The id of the object of this name, where a library makes the stub itself. */
export function objectIdOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): DurableObjectId {
  return namespace.idFromName(name)
}

/** Shards of the throttle: one object counts for many keys, and no key for the whole service. */
const THROTTLE_SHARDS = 64

/** The name of the throttle object that counts for `key`: FNV-1a (32 bits) over its UTF-16 units, modulo the shards. */
export function throttleShard(key: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return `shard-${(hash >>> 0) % THROTTLE_SHARDS}`
}
