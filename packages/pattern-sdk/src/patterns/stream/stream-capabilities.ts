/**
 * The closed list of promises that a stream plugin may make beyond append, read and describe.
 *
 * Declare one only if the backend keeps it exactly: the conformance suite proves what is declared, and proves that what is
 * not declared is refused. Source: the comments of `prism.stream.v1`.
 */
export const streamCapabilities = [
  /** More than one partition: the option `partitions`. */
  "partitions",
  /** The option `growable`: a log gets more partitions when its namespace is bound with more. With `partitions`. */
  "growth",
  /** `join`: a group shares the partitions and remembers how far it has come. */
  "groups",
  /** The options `retention_period` and `retention_bytes`: older records are really deleted. */
  "retention",
  /** `read` from a time. */
  "replay_by_time",
  /** The option `compaction`: only the last record of each key stays for good. */
  "compaction",
] as const;

/** One capability of the stream pattern. */
export type StreamCapability = (typeof streamCapabilities)[number];

/** All but growth: of a log that keeps the partitions it was made with. */
export const fixedStreamCapabilities = streamCapabilities.filter((capability) => capability !== "growth");
