/**
 * The closed list of promises that a relational plugin may make beyond its minimum: statements, batches and transactions in the
 * data system's own default isolation.
 *
 * Declare one only if the backend keeps it exactly: the conformance suite proves what is declared, and proves that what is
 * not declared is refused. Source: the comments of `prism.relational.v1`.
 */
export const relationalCapabilities = [
  /** `begin` with the isolation `read-committed`. */
  "read_committed",
  /** `begin` with the isolation `repeatable-read`. */
  "repeatable_read",
  /** `begin` with the isolation `serializable`. */
  "serializable",
  /** Decimal numbers of any precision, kept exactly: parameters and columns of the kind `numeric`. */
  "decimals",
  /** Parameters and columns of the kind `array`. */
  "arrays",
] as const;

/** One capability of the relational pattern. */
export type RelationalCapability = (typeof relationalCapabilities)[number];
