import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import { namespaceBinder } from "./namespace-binder.js";
import type { Opened } from "./opened.js";
import { RedisQueue } from "./queue.js";
import { removeQueue } from "./queue-store.js";

export function queueBinder(opened: Opened): PatternBinder<RedisQueue, QueueOptions> {
  const { connection, news, context } = opened;
  return namespaceBinder<RedisQueue, QueueOptions>({
    opened,
    pattern: "queue",
    make({ base, channel }, { options, capabilities }) {
      const { maxDeliveries, deduplicationWindowMs, retentionMs } = options;
      const deliveriesMax = capabilities.has("dead_letter") ? maxDeliveries : undefined;
      const pattern = new RedisQueue({
        connection,
        news,
        log: context.log,
        base,
        channel,
        deliveriesMax,
        deduplicationWindowMs,
        retentionMs,
      });
      return { pattern, close: () => pattern.close() };
    },
    remove: ({ base }) => removeQueue(connection, base),
  });
}
