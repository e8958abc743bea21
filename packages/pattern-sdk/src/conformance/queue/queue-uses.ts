import type { QueueCapability } from "../../patterns/queue/queue-capabilities.js";
import type { QueueClient } from "./queue-client.js";

/** One call per use of a capability; each must be refused where the namespace does not have it. */
export const queueUses: Readonly<
  Record<QueueCapability, Readonly<Record<string, (queue: QueueClient) => Promise<unknown>>>>
> = {
  delay: {
    "Send with delay": (queue) => queue.send("v", { delayMs: 1_000 }),
    "Reject with delay": (queue) => queue.reject(["1.none"], { delayMs: 1_000 }),
    "Consume and reject with delay": async (queue) => {
      const consumer = queue.consume();
      const refused = consumer.reject(["1.none"], { delayMs: 1_000 });
      return refused.finally(() => consumer.cancel());
    },
  },
  deduplication: { "Send with deduplication_id": (queue) => queue.send("v", { deduplicationId: "d" }) },
  dead_letter: {
    ListDeadLetters: (queue) => queue.deadLetterPage(),
    "Redrive the oldest": (queue) => queue.redrive(),
    "Redrive by id": (queue) => queue.redrive({ ids: ["m"] }),
  },
};
