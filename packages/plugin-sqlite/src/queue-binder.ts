import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import { SqliteQueue } from "./queue.js";
import type { Store } from "./store.js";

/** Makes queues real: the rows of a namespace in the backend's file. */
export function queueBinder(store: Store): PatternBinder<SqliteQueue, QueueOptions> {
  const { file, commits, namespaces, queues } = store;
  const bound = new Map<string, SqliteQueue>();
  const has = (namespace: string) =>
    file.read(() => {
      const id = namespaces.idOf(namespace);
      return id !== undefined && queues.has(id);
    });
  return {
    async bind(binding) {
      const { namespace, options } = binding;
      const changes = has(namespace) ? [] : [`made an empty queue in ${file.path}`];
      const id = await commits.submit({
        apply: () => {
          const made = namespaces.make(namespace);
          queues.configure(made, options);
          return made;
        },
      });
      const before = bound.get(namespace);
      before?.configure(binding);
      const pattern = before ?? new SqliteQueue(store, id, binding);
      bound.set(namespace, pattern);
      const close = () => {
        bound.delete(namespace);
        pattern.close();
      };
      return { pattern, changes, close };
    },
    plan: ({ namespace }) => (has(namespace) ? [] : [`would make an empty queue in ${file.path}`]),
    deleteData: async (namespace) =>
      (await store.removeNamespace(namespace)) ? [`removed the queue and all its messages from ${file.path}`] : [],
  };
}
