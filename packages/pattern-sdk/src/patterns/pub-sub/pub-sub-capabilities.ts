/**
 * The closed list of promises that a pub-sub plugin may make beyond publishing, and subscribing to one topic at most once.
 *
 * Declare one only if the backend keeps it exactly: the conformance suite proves what is declared, and proves that what is
 * not declared is refused. Source: the comments of `prism.pubsub.v1`.
 */
export const pubSubCapabilities = [
  /** Subscriptions to patterns of topics. */
  "wildcards",
  /** Subscriptions with a group: each message goes to one of its members. */
  "groups",
  /** At least once: what is not acknowledged in time, or rejected, is delivered again. */
  "acknowledgement",
  /** Messages of one key keep their order, also those of several publishers. */
  "ordering",
  /** The option `max_deliveries`: what was delivered so often is given up and moved to `deadLetterTopic`. Includes `acknowledgement` and `groups`. */
  "dead_letter",
  /** Rejections with a delay. Includes `acknowledgement`. */
  "delay",
  /** A group keeps what is published while none of its members is there, for the option `retention_period`. Includes `groups`. */
  "durable",
] as const;

/** One capability of the pub-sub pattern. */
export type PubSubCapability = (typeof pubSubCapabilities)[number];
