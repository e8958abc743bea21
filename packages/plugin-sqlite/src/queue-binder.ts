import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import { namespaceBinder } from "./namespace-binder.js";
import { SqliteQueue } from "./queue.js";
import type { Store } from "./store.js";

/** Makes queues real: the rows of a namespace in the backend's file. */
export function queueBinder(store: Store): PatternBinder<SqliteQueue, QueueOptions> {
  return namespaceBinder(store, {
    what: "queue",
    content: "messages",
    isThere: (id) => store.queues.has(id),
    make: (id, { options }) => store.queues.configure(id, options),
    open: (id, binding) => new SqliteQueue(store, id, binding),
  });
}
