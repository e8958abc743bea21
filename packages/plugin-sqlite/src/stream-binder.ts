import {
  type Binding,
  fixedStreamCapabilities,
  type PatternBinder,
  partitionsFixedError,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import { namespaceBinder } from "./namespace-binder.js";
import type { Store } from "./store.js";
import { SqliteStream } from "./stream.js";

/** Makes logs real: the rows of a namespace in the backend's file. */
export function streamBinder(store: Store): PatternBinder<SqliteStream, StreamOptions> {
  return namespaceBinder(store, {
    what: "log",
    content: "records",
    capabilities: fixedStreamCapabilities,
    kept(id, binding) {
      const options = store.streams.kept(id);
      if (options === undefined) return undefined;
      requirePartitions(binding, options.partitions);
      return written(options);
    },
    wanted: written,
    make: (id, { options }) => store.streams.configure(id, options, store.nowMs()),
    open: (id, { options }) => {
      const partitionIds = store.file.read(() => store.streams.partitionIds(id));
      return new SqliteStream(store, { namespaceId: id, partitionIds }, options);
    },
  });
}

function requirePartitions({ namespace, options }: Binding<StreamOptions>, partitions: number): void {
  const { partitions: asked } = options;
  if (partitions !== asked) throw partitionsFixedError({ namespace, partitions, asked });
}

function written({ retentionMs, retentionBytes, compaction }: StreamOptions) {
  return { retention_period: retentionMs, retention_bytes: retentionBytes, compaction };
}
