import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import { namespaceBinder } from "./namespace-binder.js";
import { SqliteQueue } from "./queue.js";
import type { KeptOptions } from "./queue-table.js";
import type { Store } from "./store.js";

/** Makes queues real: the rows of a namespace in the backend's file. */
export function queueBinder(store: Store): PatternBinder<SqliteQueue, QueueOptions> {
  return namespaceBinder<SqliteQueue, QueueOptions>(store, {
    what: "queue",
    content: "messages",
    kept(id) {
      const options = store.queues.kept(id);
      return options && written(options);
    },
    wanted: written,
    make: (id, { options }) => store.queues.configure(id, options),
    open: (id, binding) => new SqliteQueue(store, id, binding),
  });
}

function written({ deduplicationWindowMs, retentionMs }: KeptOptions) {
  return { deduplication_window: deduplicationWindowMs, retention_period: retentionMs };
}
