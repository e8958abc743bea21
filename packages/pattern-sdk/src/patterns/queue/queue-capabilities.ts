/**
 * The closed list of promises that a queue plugin may make beyond sending, receiving and settling.
 *
 * Declare one only if the backend keeps it exactly: the conformance suite proves what is declared, and proves that what is
 * not declared is refused. Source: the comments of `prism.queue.v1`.
 */
export const queueCapabilities = [
  /** `delayMs` of `send` and of `reject`: nobody receives the message before. */
  "delay",
  /** `deduplicationId` of `send`: check and send are one atomic step. */
  "deduplication",
  /** `listDeadLetters`, `redrive`; messages whose deliveries have reached the option `max_deliveries` become dead letters. */
  "dead_letter",
] as const;

/** One capability of the queue pattern. */
export type QueueCapability = (typeof queueCapabilities)[number];
