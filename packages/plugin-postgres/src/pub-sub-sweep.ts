import type { PubSubOptions } from "@prism-data/pattern-sdk";
import { int4Array, int8Array } from "./binary-array.js";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { buryDeadLetters } from "./dead-letter-burial.js";
import { inSlices } from "./in-slices.js";
import { type Namespace, numbered } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import type { PostgresPubSub } from "./pub-sub.js";
import type { Statement } from "./statement.js";

/** How late a message is given up whose last delivery has run out of time. */
const buryEveryMs = 250;

/** How late what is over is removed. */
const sweepEveryMs = 1_000;

const lapse: Statement = { name: "pubsub_lapse", text: "SELECT * FROM pubsub_lapse($1, $2)" };
const over: Statement = { name: "pubsub_over", text: "SELECT * FROM pubsub_over($1, $2, $3)" };
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
    { everyMs: buryEveryMs, run: () => buryAll(connection, bound) },
    {
      everyMs: sweepEveryMs,
      async run() {
        await sweep(connection, bound);
        await connection.run(trim, []);
        await namespaces.removeForgotten();
      },
    },
  ];
}

async function buryAll(connection: Connection, bound: BoundPubSubs): Promise<void> {
  const giving = numbered(bound).filter(({ of }) => of.options.maxDeliveries !== undefined);
  if (giving.length === 0) return;
  const arrays = [int4Array(giving.map(({ id }) => id)), int4Array(giving.map(({ of }) => of.options.maxDeliveries!))];
  const mourning = await connection.run<{ namespace_id: number; id: number; name: Buffer }>(lapse, arrays);
  for (const { namespace_id, id, name } of mourning)
    await buryDeadLetters(connection, namespace_id, { id, name: name.toString() });
}

async function sweep(connection: Connection, bound: BoundPubSubs): Promise<void> {
  const all = numbered(bound);
  if (all.length === 0) return;
  const arrays = [int4Array(all.map(({ id }) => id)), int8Array(all.map(({ of }) => of.options.retentionMs))];
  await inSlices(connection, expire, arrays);
  const seen = int4Array(all.flatMap(({ of }) => of.pattern.groupIds));
  const groups = await connection.run<{ namespace_id: number; id: number; retention_ms: bigint }>(over, [
    ...arrays,
    seen,
  ]);
  for (const { namespace_id, id, retention_ms } of groups)
    await inSlices(connection, removeOver, [namespace_id, id, retention_ms]);
}
