import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import type { Shared } from "./key-value.js";
import { NamespaceShares } from "./namespace-shares.js";
import { MemoryQueue } from "./queue.js";

/** A namespace keeps its messages from its first binding to the end of the process, however often it is bound. */
export function queueBinder(
  queues: Map<string, MemoryQueue>,
  shared: Shared,
): PatternBinder<MemoryQueue, QueueOptions> {
  const shares = new NamespaceShares(shared);
  return {
    bind(binding) {
      const bound = queues.get(binding.namespace);
      const share = shares.of(binding.namespace);
      const storageBytes = () => share.budget.usedBytes;
      if (bound !== undefined) {
        bound.configure(binding);
        return { pattern: bound, storageBytes };
      }
      const pattern = new MemoryQueue(share, binding);
      queues.set(binding.namespace, pattern);
      return { pattern, changes: ["made an empty queue in memory"], storageBytes };
    },
    plan: ({ namespace }) => (queues.has(namespace) ? [] : ["would make an empty queue in memory"]),
    deleteData(namespace) {
      const messages = queues.get(namespace)?.clear() ?? 0;
      queues.delete(namespace);
      shares.forget(namespace);
      return messages === 0 ? [] : [`removed ${messages} messages from memory`];
    },
  };
}
