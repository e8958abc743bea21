import type { StreamOptions } from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import type { Namespace } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";

/** How late what is over is removed. */
const sweepEveryMs = 500;

const overfull: Statement = { name: "stream_overfull", text: "SELECT partition FROM stream_overfull($1, $2, $3)" };
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
  const retained = async (id: number, { retentionMs, retentionBytes }: StreamOptions) => {
    if (retentionMs === undefined && retentionBytes === undefined) return;
    const full = await connection.run<{ partition: number }>(overfull, [id, retentionMs, retentionBytes]);
    for (const { partition } of full) await inSlices(connection, retain, [id, partition, retentionMs, retentionBytes]);
  };
  return [
    {
      everyMs: sweepEveryMs,
      async run() {
        for (const [namespace, options] of logs) {
          await namespace.use(async (id) => {
            await retained(id, options);
            if (options.compaction) await inSlices(connection, endDeletions, [id]);
          });
        }
        await namespaces.removeForgotten();
      },
    },
  ];
}
