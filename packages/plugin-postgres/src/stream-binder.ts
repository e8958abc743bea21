import {
  type Binding,
  fixedStreamCapabilities,
  type PatternBinder,
  partitionsFixedError,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { namespaceBinder } from "./namespace-binder.js";
import { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";
import { PostgresStream } from "./stream.js";
import { type BoundLogs, removeStreamRows, streamChores } from "./stream-sweep.js";

const find: Statement = {
  name: "stream_find",
  text: "SELECT partitions, compaction FROM stream_log WHERE namespace_id = $1",
};
const count: Statement = {
  name: "stream_count",
  text: "SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM stream_partition WHERE namespace_id = $1",
};
const make: Statement = { name: "stream_make", text: "SELECT stream_make($1, $2, $3) AS partitions" };

/** Logs, and what is to be done for them again and again. */
export function streams(connection: Connection): {
  readonly binder: PatternBinder<PostgresStream, StreamOptions>;
  readonly chores: readonly Chore[];
} {
  const namespaces = new Namespaces(connection, { pattern: "stream", removeRows: removeStreamRows });
  const logs: BoundLogs = new Map();
  const binder = namespaceBinder<PostgresStream, StreamOptions>({
    connection,
    namespaces,
    capabilities: fixedStreamCapabilities,
    async prepare(id, binding) {
      const { partitions, compaction } = binding.options;
      checkPartitions(binding, await connection.run(make, [id, partitions, compaction]));
    },
    async compare(id, binding, verbs) {
      const [log] = await connection.run<{ partitions: number; compaction: boolean }>(find, [id]);
      if (log === undefined) return [`${verbs.make} an empty log in PostgreSQL`];
      checkPartitions(binding, [log]);
      const { compaction } = binding.options;
      if (log.compaction === compaction) return [];
      return [`${verbs.change} the log in PostgreSQL: compaction ${log.compaction} -> ${compaction}`];
    },
    make(namespace, { options }) {
      const pattern = new PostgresStream(connection, namespace, options.partitions);
      logs.set(namespace, options);
      return {
        pattern,
        storageBytes: () => namespace.use(async (id) => bytesOf(await connection.run(count, [id]))),
        async close() {
          logs.delete(namespace);
          await pattern.close();
        },
      };
    },
  });
  return { binder, chores: streamChores(connection, namespaces, logs) };
}

function bytesOf([row]: readonly { bytes: string }[]): number {
  return Number(row?.bytes);
}

function checkPartitions(
  { namespace, options }: Binding<StreamOptions>,
  rows: readonly { partitions: number }[],
): void {
  const { partitions: asked } = options;
  const { partitions = asked } = rows[0] ?? {};
  if (partitions !== asked) throw partitionsFixedError({ namespace, partitions, asked });
}
