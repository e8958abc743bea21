import { int4Array, int8Array } from "./binary-array.js";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import { type Namespace, numbered } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";

/** How late what is over is removed. */
const sweepEveryMs = 1_000;

const expire: Statement = { name: "queue_expire", text: "SELECT queue_expire($1, $2, $3) AS removed" };
const endDeduplication: Statement = {
  name: "queue_end_deduplication",
  text: "SELECT queue_end_deduplication($1) AS removed",
};

/** Removes the rows of a queue that was forgotten. */
export const removeQueueRows: Statement = { name: "queue_remove", text: "SELECT queue_remove($1, $2) AS removed" };

/** How old messages may get, in ms, by the namespace that they are in: those that are bound and have a bound. */
export type Retentions = Map<Namespace, number>;

/** Really removes what is over in queues, also what nobody receives. */
export function queueChores(connection: Connection, namespaces: Namespaces, retentions: Retentions): readonly Chore[] {
  return [
    {
      everyMs: sweepEveryMs,
      async run() {
        const bound = numbered(retentions);
        const arrays = [int4Array(bound.map(({ id }) => id)), int8Array(bound.map(({ of }) => of))];
        if (bound.length > 0) await inSlices(connection, expire, arrays);
        await inSlices(connection, endDeduplication, []);
        await namespaces.removeForgotten();
      },
    },
  ];
}
