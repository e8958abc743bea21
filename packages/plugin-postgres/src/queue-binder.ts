import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { namespaceBinder } from "./namespace-binder.js";
import { Namespaces } from "./namespaces.js";
import { PostgresQueue } from "./queue.js";
import { queueChores, type Retentions, removeQueueRows } from "./queue-sweep.js";

/** Queues, and what is to be done for them again and again. */
export function queues(connection: Connection): {
  readonly binder: PatternBinder<PostgresQueue, QueueOptions>;
  readonly chores: readonly Chore[];
} {
  const namespaces = new Namespaces(connection, { pattern: "queue", removeRows: removeQueueRows });
  const retentions: Retentions = new Map();
  const binder = namespaceBinder<PostgresQueue, QueueOptions>({
    connection,
    namespaces,
    make(namespace, { options, capabilities }) {
      const { maxDeliveries, deduplicationWindowMs, retentionMs } = options;
      const deliveriesMax = capabilities.has("dead_letter") ? maxDeliveries : undefined;
      const pattern = new PostgresQueue(connection, namespace, { deliveriesMax, deduplicationWindowMs, retentionMs });
      if (retentionMs !== undefined) retentions.set(namespace, retentionMs);
      return {
        pattern,
        close() {
          retentions.delete(namespace);
          pattern.close();
        },
      };
    },
  });
  return { binder, chores: queueChores(connection, namespaces, retentions) };
}
