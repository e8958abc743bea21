import { getHeapStatistics } from "node:v8";
import {
  type Backend,
  definePlugin,
  EtagSource,
  keyValueCapabilities,
  type PatternBinder,
} from "@prism-data/pattern-sdk";
import { ByteBudget } from "./byte-budget.js";
import { type Clock, systemClock } from "./clock.js";
import { settingsSchema } from "./config.js";
import { boundBeyondHeap } from "./errors.js";
import { MemoryKeyValue, type Shared } from "./key-value.js";

/** Small entries lie on the heap whole. The rest is for what calls in flight need, and for the collector to work with. */
const heapShareMax = 0.75;

/** Key-value in the memory of the plugin's process: fast, bounded, and gone when the process ends. */
export const memstorePlugin = definePlugin({
  name: "memstore",
  version: "0.1.0",
  durability: "ephemeral",
  settings: settingsSchema,
  patterns: { "key-value": { capabilities: keyValueCapabilities } },
  open(settings, context) {
    const heapShareBytes = Math.floor(getHeapStatistics().heap_size_limit * heapShareMax);
    if (settings.max_bytes > heapShareBytes) throw boundBeyondHeap(settings.max_bytes, heapShareBytes);
    context.reportHealth({ reachable: true });
    return openMemory(settings.max_bytes);
  },
});

/** Opens a backend that holds at most `maxBytes`. */
export function openMemory(maxBytes: number, clock: Clock = systemClock): Backend {
  const shared: Shared = { budget: new ByteBudget(maxBytes), etags: new EtagSource(), clock };
  const namespaces = new Map<string, MemoryKeyValue>();
  return {
    keyValue: keyValueBinder(namespaces, shared),
    metrics: () => metricsOf(namespaces, shared.budget),
    close() {
      for (const keyValue of namespaces.values()) keyValue.clear();
    },
  };
}

/** A namespace keeps its data from its first binding to the end of the process, however often it is bound. */
function keyValueBinder(namespaces: Map<string, MemoryKeyValue>, shared: Shared): PatternBinder<MemoryKeyValue> {
  const all = [...keyValueCapabilities];
  return {
    bind({ namespace }) {
      const bound = namespaces.get(namespace);
      if (bound !== undefined) return { pattern: bound, capabilities: all };
      const pattern = new MemoryKeyValue(shared);
      namespaces.set(namespace, pattern);
      return { pattern, capabilities: all, changes: ["made an empty namespace in memory"] };
    },
    plan: ({ namespace }) => (namespaces.has(namespace) ? [] : ["would make an empty namespace in memory"]),
    deleteData(namespace) {
      const keys = namespaces.get(namespace)?.clear() ?? 0;
      namespaces.delete(namespace);
      return keys === 0 ? [] : [`removed ${keys} keys from memory`];
    },
  };
}

function metricsOf(
  namespaces: Map<string, MemoryKeyValue>,
  budget: ByteBudget,
): ReturnType<NonNullable<Backend["metrics"]>> {
  const keys = [...namespaces].map(([namespace, keyValue]) => ({ labels: { namespace }, value: keyValue.keys }));
  return [
    { name: "prism_plugin_keys", help: "Keys held, by namespace.", kind: "gauge", samples: keys },
    {
      name: "prism_plugin_stored_bytes",
      help: "Bytes held in all namespaces: keys, values, token records and their overhead.",
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
