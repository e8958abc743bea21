import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Backend,
  definePlugin,
  fixedStreamCapabilities,
  keyValueCapabilities,
  type MetricFamily,
  type PatternBinder,
  queueCapabilities,
  queueOptions,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { SqliteKeyValue } from "./key-value.js";
import { queueBinder } from "./queue-binder.js";
import { ConnectionPool } from "./sql/connection-pool.js";
import { relationalBinder } from "./sql/relational-binder.js";
import { Store, type StoreOptions } from "./store.js";
import { streamBinder } from "./stream-binder.js";

/** The same file for this module in src, dist and bundle. */
const connectionProgram = fileURLToPath(new URL("../bundle/sql/process/main.js", import.meta.url));

/** The largest payload of a message or record: what the patterns allow at most. */
const payloadBytesMax = 3_145_728;

const patterns = {
  "key-value": { capabilities: keyValueCapabilities, countsStorage: true },
  queue: { capabilities: queueCapabilities, limits: { payloadBytesMax }, options: queueOptions, countsStorage: true },
  stream: {
    capabilities: fixedStreamCapabilities,
    limits: { payloadBytesMax },
    options: streamOptions(fixedStreamCapabilities),
    countsStorage: true,
  },
  relational: { capabilities: ["serializable"] },
} as const;

/** Key-value, queues and streams in a SQLite file, and SQL in a file of its own per namespace: on disk before it answers. */
export const sqlitePlugin = definePlugin({
  name: "sqlite",
  version: "0.1.0",
  durability: "disk",
  settings: settingsSchema,
  patterns,
  open(settings, { workingDir, log, reportHealth }) {
    return openFile({
      path: resolve(workingDir, settings.path),
      maxBytes: settings.max_bytes,
      busyTimeoutMs: settings.busy_timeout,
      sqlConnectionsMax: settings.sql_connections,
      nowMs: Date.now,
      log,
      reportHealth,
    });
  },
});

interface OpenOptions extends StoreOptions {
  readonly sqlConnectionsMax: number;
}

/** Opens a backend on one file, and on those beside it. */
async function openFile({ sqlConnectionsMax, ...options }: OpenOptions): Promise<Backend<typeof patterns>> {
  const { path, maxBytes, busyTimeoutMs } = options;
  const store = await Store.open(options);
  const pool = new ConnectionPool({ program: connectionProgram, connectionsMax: sqlConnectionsMax });
  return {
    keyValue: keyValueBinder(store),
    queue: queueBinder(store),
    stream: streamBinder(store),
    relational: relationalBinder({ pool, path, maxBytes, busyTimeoutMs }),
    metrics: () => [...metricsOf(store), ...sqlMetricsOf(pool)],
    async close() {
      await pool.close();
      store.close();
    },
  };
}

function keyValueBinder(store: Store): PatternBinder<SqliteKeyValue> {
  const { file, commits, namespaces } = store;
  const find = (namespace: string) => file.read(() => namespaces.idOf(namespace));
  return {
    async bind({ namespace }) {
      const found = find(namespace);
      const id = found ?? (await commits.submit({ apply: () => namespaces.make(namespace) }));
      const changes = found === undefined ? [`made an empty namespace in ${file.path}`] : [];
      const pattern = new SqliteKeyValue(store, id);
      return { pattern, capabilities: keyValueCapabilities, changes, storageBytes: () => store.storedBytes(id) };
    },
    plan({ namespace }) {
      file.requireInPlace();
      return find(namespace) === undefined ? [`would make an empty namespace in ${file.path}`] : [];
    },
    deleteData: async (namespace) =>
      (await store.removeNamespace(namespace)) ? [`removed the namespace and all its keys from ${file.path}`] : [],
  };
}

function metricsOf({ file, commits, watchers }: Store): MetricFamily[] {
  const { usedBytes, freeBytes } = file.size();
  return [
    one("gauge", "prism_plugin_stored_bytes", "Bytes of the database file that are in use.", usedBytes),
    one("gauge", "prism_plugin_free_bytes", "Bytes of the database file that wait to be used again.", freeBytes),
    one("counter", "prism_plugin_commits_total", "Transactions that reached the disk.", commits.counts.commits),
    one(
      "counter",
      "prism_plugin_writes_total",
      "Writes that reached the disk; several share a transaction.",
      commits.counts.writes,
    ),
    one("gauge", "prism_plugin_watches", "Watches that are open.", watchers.count),
  ];
}

function sqlMetricsOf({ counts }: ConnectionPool): MetricFamily[] {
  return [
    one("gauge", "prism_plugin_sql_connections", "Processes that run SQL.", counts.connections),
    one(
      "counter",
      "prism_plugin_sql_stopped_total",
      "Processes that were ended because a statement ran on after its call.",
      counts.stopped,
    ),
  ];
}

function one(kind: "counter" | "gauge", name: string, help: string, value: number): MetricFamily {
  return { name, help, kind, samples: [{ value }] };
}
