/**
 * The closed list of promises that a key-value plugin may make beyond get, set, delete and exists.
 *
 * Declare one only if the backend keeps it exactly: the conformance suite proves what is declared, and proves that what is
 * not declared is refused. Source: the comments of `prism.keyvalue.v1`.
 */
export const keyValueCapabilities = [
  /** `set` with `ttlMs`, `expire`, `persist`, `getTtl`; expired keys are missing in every way and really removed. */
  "ttl",
  /** `scan` by prefix; every key that lives through the scan exactly once. */
  "scan",
  /** `scan` by prefix and by range in ascending order of the keys' UTF-8 bytes. Includes `scan`. */
  "ordered_scan",
  /** `count`, exactly. */
  "count",
  /** `ifAbsent` and `ifEtag` on `set` and `delete`, atomic against every other writer. */
  "conditional",
  /** `batchGet`, `batchSet`, `batchDelete`. */
  "batch",
  /** `increment`, atomic and exact over the range of int64. */
  "counter",
  /** `transact`: all or nothing, isolated. */
  "transaction",
  /** `watch`: each change once, in order per key. */
  "watch",
] as const;

/** One capability of the key-value pattern. */
export type KeyValueCapability = (typeof keyValueCapabilities)[number];
