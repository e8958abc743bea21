import {
  type Binding,
  fixedStreamCapabilities,
  type PatternBinder,
  partitionsFixedError,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import { NamespaceShares } from "./namespace-shares.js";
import { MemoryStream } from "./stream.js";
import type { StreamParts } from "./stream-log.js";

/** A log keeps its records from its first binding to the end of the process, however often it is bound. */
export function streamBinder(
  namespaces: Map<string, MemoryStream>,
  parts: StreamParts,
): PatternBinder<MemoryStream, StreamOptions> {
  const all = [...fixedStreamCapabilities];
  const shares = new NamespaceShares(parts);
  const bound = ({ namespace, options: { partitions } }: Binding<StreamOptions>): MemoryStream | undefined => {
    const log = namespaces.get(namespace);
    if (log === undefined || log.partitions === partitions) return log;
    throw partitionsFixedError({ namespace, partitions: log.partitions, asked: partitions });
  };
  return {
    bind(binding) {
      const { namespace, options } = binding;
      const known = bound(binding);
      known?.configure(options);
      const share = shares.of(namespace);
      const pattern = known ?? new MemoryStream(share, options);
      namespaces.set(namespace, pattern);
      const changes = known === undefined ? [`made an empty log with ${partitionsOf(options)} in memory`] : [];
      return { pattern, capabilities: all, changes, storageBytes: () => share.budget.usedBytes };
    },
    plan(binding) {
      if (bound(binding) !== undefined) return [];
      return [`would make an empty log with ${partitionsOf(binding.options)} in memory`];
    },
    deleteData(namespace) {
      const records = namespaces.get(namespace)?.clear() ?? 0;
      namespaces.delete(namespace);
      shares.forget(namespace);
      return records === 0 ? [] : [`removed ${records} records from memory`];
    },
  };
}

function partitionsOf({ partitions }: StreamOptions): string {
  return partitions === 1 ? "one partition" : `${partitions} partitions`;
}
