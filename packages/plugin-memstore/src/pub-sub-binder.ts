import { type PatternBinder, type PubSubOptions, pubSubCapabilities } from "@prism-data/pattern-sdk";
import type { Shared } from "./key-value.js";
import { MemoryPubSub } from "./pub-sub.js";

/** A namespace keeps its groups from its first binding to the end of the process, however often it is bound. */
export function pubSubBinder(
  namespaces: Map<string, MemoryPubSub>,
  shared: Shared,
): PatternBinder<MemoryPubSub, PubSubOptions> {
  const all = [...pubSubCapabilities];
  return {
    bind({ namespace, options }) {
      const bound = namespaces.get(namespace);
      bound?.configure(options);
      const pattern = bound ?? new MemoryPubSub(shared, options);
      namespaces.set(namespace, pattern);
      return { pattern, capabilities: all };
    },
    deleteData(namespace) {
      const messages = namespaces.get(namespace)?.clear() ?? 0;
      namespaces.delete(namespace);
      return messages === 0 ? [] : [`removed ${messages} messages from memory`];
    },
  };
}
