import { resolve } from "node:path";
import {
  type Backend,
  definePlugin,
  keyValueCapabilities,
  type MetricFamily,
  type PatternBinder,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { SqliteKeyValue } from "./key-value.js";
import { Store, type StoreOptions } from "./store.js";

/** Key-value in a SQLite file: on disk before it answers. */
export const sqlitePlugin = definePlugin({
  name: "sqlite",
  version: "0.1.0",
  durability: "disk",
  settings: settingsSchema,
  patterns: { "key-value": { capabilities: keyValueCapabilities } },
  open(settings, { workingDir, log, reportHealth }) {
    return openFile({
      path: resolve(workingDir, settings.path),
      maxBytes: settings.max_bytes,
      busyTimeoutMs: settings.busy_timeout,
      nowMs: Date.now,
      log,
      reportHealth,
    });
  },
});

/** Opens a backend on one file. */
export async function openFile(options: StoreOptions): Promise<Backend> {
  const store = await Store.open(options);
  return {
    keyValue: keyValueBinder(store),
    metrics: () => metricsOf(store),
    close: () => store.close(),
  };
}

function keyValueBinder(store: Store): PatternBinder<SqliteKeyValue> {
  const { file, commits, namespaces, sweeper } = store;
  const find = (namespace: string) => file.read(() => namespaces.idOf(namespace));
  return {
    async bind({ namespace }) {
      const found = find(namespace);
      const id = found ?? (await commits.submit({ apply: () => namespaces.make(namespace) }));
      const changes = found === undefined ? [`made an empty namespace in ${file.path}`] : [];
      return { pattern: new SqliteKeyValue(store, id), capabilities: keyValueCapabilities, changes };
    },
    plan: ({ namespace }) => (find(namespace) === undefined ? [`would make an empty namespace in ${file.path}`] : []),
    async deleteData(namespace) {
      const id = find(namespace);
      if (id === undefined) return [];
      await commits.submit({ apply: () => namespaces.forgetName(id) });
      await sweeper.sweep();
      return [`removed the namespace and all its keys from ${file.path}`];
    },
  };
}

function metricsOf({ file, commits, watchers }: Store): MetricFamily[] {
  const { usedBytes, freeBytes } = file.size();
  const one = (kind: "counter" | "gauge", name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    kind,
    samples: [{ value }],
  });
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
