import type { PubSubOptions } from "@prism-data/pattern-sdk";
import { int4Array } from "./binary-array.js";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { buryDeadLetters } from "./dead-letter-burial.js";
import { inSlices } from "./in-slices.js";
import type { Namespace } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import type { PostgresPubSub } from "./pub-sub.js";
import type { Statement } from "./statement.js";

/** How late a message is given up whose last delivery has run out of time. */
const buryEveryMs = 250;

/** How late what is over is removed. */
const sweepEveryMs = 1_000;

const lapse: Statement = { name: "pubsub_lapse", text: "SELECT * FROM pubsub_lapse($1, $2)" };
const over: Statement = { name: "pubsub_over", text: "SELECT id FROM pubsub_over($1, $2, $3)" };
const removeOver: Statement = {
  name: "pubsub_group_remove_over",
  text: "SELECT pubsub_group_remove($1, $2, false, $3, $4) AS removed",
};
const expire: Statement = { name: "pubsub_expire", text: "SELECT pubsub_expire($1, $2, $3) AS removed" };
const trim: Statement = { name: "pubsub_trim", text: "SELECT pubsub_trim()" };

/** Removes the rows of a pub-sub namespace that was forgotten. */
export const removePubSubRows: Statement = { name: "pubsub_remove", text: "SELECT pubsub_remove($1, $2) AS removed" };

/** The namespaces that are bound. */
export type BoundPubSubs = Map<Namespace, { readonly pattern: PostgresPubSub; readonly options: PubSubOptions }>;

/** Gives up what was delivered often enough, and really removes what is over, also what nobody subscribes to. */
export function pubSubChores(connection: Connection, namespaces: Namespaces, bound: BoundPubSubs): readonly Chore[] {
  return [
    {
      everyMs: buryEveryMs,
      async run() {
        for (const [namespace, { options }] of bound) {
          if (options.maxDeliveries === undefined) continue;
          await namespace.use((id) => buryAll(connection, id, options.maxDeliveries!));
        }
      },
    },
    {
      everyMs: sweepEveryMs,
      async run() {
        for (const [namespace, { pattern, options }] of bound)
          await namespace.use((id) =>
            sweep(connection, id, { seen: pattern.groupIds, retentionMs: options.retentionMs }),
          );
        await connection.run(trim, []);
        await namespaces.removeForgotten();
      },
    },
  ];
}

async function buryAll(connection: Connection, namespaceId: number, deliveriesMax: number): Promise<void> {
  const mourning = await connection.run<{ id: number; name: Buffer }>(lapse, [namespaceId, deliveriesMax]);
  for (const { id, name } of mourning) await buryDeadLetters(connection, namespaceId, { id, name: name.toString() });
}

async function sweep(
  connection: Connection,
  namespaceId: number,
  { seen, retentionMs }: { seen: readonly number[]; retentionMs: number },
): Promise<void> {
  await inSlices(connection, expire, [namespaceId, retentionMs]);
  const groups = await connection.run<{ id: number }>(over, [namespaceId, int4Array(seen), retentionMs]);
  for (const { id } of groups) await inSlices(connection, removeOver, [namespaceId, id, retentionMs]);
}
