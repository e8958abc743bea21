import type { StreamOptions } from "@prism-data/pattern-sdk";
import { int4Array, int8Array } from "./binary-array.js";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import { type Namespace, numbered } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";

/** How late what is over is removed. */
const sweepEveryMs = 500;

const overfull: Statement = { name: "stream_overfull", text: "SELECT * FROM stream_overfull($1, $2, $3)" };
const retain: Statement = { name: "stream_retain", text: "SELECT stream_retain($1, $2, $3, $4, $5) AS removed" };
const endDeletions: Statement = {
  name: "stream_end_deletions",
  text: "SELECT stream_end_deletions($1, $2) AS removed",
};

/** Removes the rows of a log that was forgotten. */
export const removeStreamRows: Statement = { name: "stream_remove", text: "SELECT stream_remove($1, $2) AS removed" };

/** The logs that are bound, and what is kept of each. */
export type BoundLogs = Map<Namespace, StreamOptions>;

/** Really removes what is over in logs, also what nobody reads. */
export function streamChores(connection: Connection, namespaces: Namespaces, logs: BoundLogs): readonly Chore[] {
  return [
    {
      everyMs: sweepEveryMs,
      async run() {
        const bound = numbered(logs);
        await retainAll(connection, bound);
        for (const { id, of } of bound) if (of.compaction) await inSlices(connection, endDeletions, [id]);
        await namespaces.removeForgotten();
      },
    },
  ];
}

interface Overfull {
  readonly namespace_id: number;
  readonly partition: number;
  readonly retention_ms: bigint | null;
  readonly bytes_max: bigint | null;
}

async function retainAll(connection: Connection, bound: ReturnType<typeof numbered<StreamOptions>>): Promise<void> {
  const kept = bound.filter(({ of }) => of.retentionMs !== undefined || of.retentionBytes !== undefined);
  if (kept.length === 0) return;
  const full = await connection.run<Overfull>(overfull, [
    int4Array(kept.map(({ id }) => id)),
    int8Array(kept.map(({ of }) => of.retentionMs)),
    int8Array(kept.map(({ of }) => of.retentionBytes)),
  ]);
  for (const { namespace_id, partition, retention_ms, bytes_max } of full)
    await inSlices(connection, retain, [namespace_id, partition, retention_ms ?? undefined, bytes_max ?? undefined]);
}
