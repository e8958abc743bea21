import { getHeapStatistics } from "node:v8";
import {
  type Backend,
  definePlugin,
  EtagSource,
  fixedStreamCapabilities,
  keyValueCapabilities,
  type PatternBinder,
  pubSubCapabilities,
  pubSubOptions,
  queueCapabilities,
  queueOptions,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { ByteBudget } from "./byte-budget.js";
import { type Clock, systemClock } from "./clock.js";
import { settingsSchema } from "./config.js";
import { boundBeyondHeap } from "./errors.js";
import { MemoryKeyValue, type Shared } from "./key-value.js";
import { NamespaceShares } from "./namespace-shares.js";
import type { MemoryPubSub } from "./pub-sub.js";
import { pubSubBinder } from "./pub-sub-binder.js";
import type { MemoryQueue } from "./queue.js";
import { queueBinder } from "./queue-binder.js";
import type { MemoryStream } from "./stream.js";
import { streamBinder } from "./stream-binder.js";

/** Small entries lie on the heap whole. The rest is for what calls in flight need, and for the collector to work with. */
const heapShareMax = 0.75;

/** The largest payload: what the patterns allow at most. */
const payloadBytesMax = 3_145_728;

/** What each pattern may do, and how its namespaces are configured. */
const patterns = {
  "key-value": { capabilities: keyValueCapabilities, countsStorage: true },
  "pub-sub": {
    capabilities: pubSubCapabilities,
    limits: { payloadBytesMax },
    options: pubSubOptions(pubSubCapabilities),
  },
  queue: { capabilities: queueCapabilities, limits: { payloadBytesMax }, options: queueOptions, countsStorage: true },
  stream: {
    capabilities: fixedStreamCapabilities,
    limits: { payloadBytesMax },
    options: streamOptions(fixedStreamCapabilities),
    countsStorage: true,
  },
} as const;

/** Data in the memory of the plugin's process: fast, bounded, and gone when the process ends. */
export const memstorePlugin = definePlugin({
  name: "memstore",
  version: "0.1.0",
  durability: "ephemeral",
  settings: settingsSchema,
  patterns,
  open(settings, context) {
    const heapShareBytes = Math.floor(getHeapStatistics().heap_size_limit * heapShareMax);
    if (settings.max_bytes > heapShareBytes) throw boundBeyondHeap(settings.max_bytes, heapShareBytes);
    context.reportHealth({ reachable: true });
    return openMemory(settings.max_bytes);
  },
});

/** Opens a backend that holds at most `maxBytes`. */
export function openMemory(maxBytes: number, clock: Clock = systemClock): Backend<typeof patterns> {
  const shared: Shared = { budget: new ByteBudget(maxBytes), etags: new EtagSource(), clock };
  const namespaces = {
    keyValue: new Map<string, MemoryKeyValue>(),
    pubSub: new Map<string, MemoryPubSub>(),
    queue: new Map<string, MemoryQueue>(),
    stream: new Map<string, MemoryStream>(),
  };
  return {
    keyValue: keyValueBinder(namespaces.keyValue, shared),
    pubSub: pubSubBinder(namespaces.pubSub, shared),
    queue: queueBinder(namespaces.queue, shared),
    stream: streamBinder(namespaces.stream, shared),
    metrics: () => metricsOf(namespaces, shared.budget),
    close() {
      for (const made of Object.values(namespaces)) for (const pattern of made.values()) pattern.clear();
    },
  };
}

/** A namespace keeps its data from its first binding to the end of the process, however often it is bound. */
function keyValueBinder(namespaces: Map<string, MemoryKeyValue>, shared: Shared): PatternBinder<MemoryKeyValue> {
  const all = [...keyValueCapabilities];
  const shares = new NamespaceShares(shared);
  return {
    bind({ namespace }) {
      const bound = namespaces.get(namespace);
      const share = shares.of(namespace);
      const storageBytes = () => share.budget.usedBytes;
      if (bound !== undefined) return { pattern: bound, capabilities: all, storageBytes };
      const pattern = new MemoryKeyValue(share);
      namespaces.set(namespace, pattern);
      return { pattern, capabilities: all, changes: ["made an empty namespace in memory"], storageBytes };
    },
    plan: ({ namespace }) => (namespaces.has(namespace) ? [] : ["would make an empty namespace in memory"]),
    deleteData(namespace) {
      const keys = namespaces.get(namespace)?.clear() ?? 0;
      namespaces.delete(namespace);
      shares.forget(namespace);
      return keys === 0 ? [] : [`removed ${keys} keys from memory`];
    },
  };
}

interface Namespaces {
  readonly keyValue: ReadonlyMap<string, MemoryKeyValue>;
  readonly pubSub: ReadonlyMap<string, MemoryPubSub>;
  readonly queue: ReadonlyMap<string, MemoryQueue>;
  readonly stream: ReadonlyMap<string, MemoryStream>;
}

function metricsOf(namespaces: Namespaces, budget: ByteBudget): ReturnType<NonNullable<Backend["metrics"]>> {
  const keys = [...namespaces.keyValue].map(([namespace, { keys }]) => ({ labels: { namespace }, value: keys }));
  const held = [...namespaces.pubSub].map(([namespace, { messages }]) => ({ labels: { namespace }, value: messages }));
  const queued = [...namespaces.queue].map(([namespace, { messages }]) => ({ labels: { namespace }, value: messages }));
  const records = [...namespaces.stream].map(([namespace, { records }]) => ({ labels: { namespace }, value: records }));
  return [
    { name: "prism_plugin_keys", help: "Keys held, by namespace.", kind: "gauge", samples: keys },
    {
      name: "prism_plugin_stream_records",
      help: "Records of streams held, by namespace.",
      kind: "gauge",
      samples: records,
    },
    {
      name: "prism_plugin_pubsub_messages",
      help: "Messages held for subscribers, by namespace; one that several groups hold counts for each.",
      kind: "gauge",
      samples: held,
    },
    {
      name: "prism_plugin_queue_messages",
      help: "Messages held in queues, by namespace, dead letters among them.",
      kind: "gauge",
      samples: queued,
    },
    {
      name: "prism_plugin_stored_bytes",
      help: "Bytes held in all namespaces: keys, values, messages, what is remembered of them, and their overhead.",
      kind: "gauge",
      samples: [{ value: budget.usedBytes }],
    },
    {
      name: "prism_plugin_stored_bytes_max",
      help: "The most bytes that may be held: max_bytes of the settings.",
      kind: "gauge",
      samples: [{ value: budget.maxBytes }],
    },
  ];
}
