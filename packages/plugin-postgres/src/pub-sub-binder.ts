import { type PatternBinder, type PubSubOptions, pubSubCapabilities } from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { namespaceBinder } from "./namespace-binder.js";
import { Namespaces } from "./namespaces.js";
import { PostgresPubSub } from "./pub-sub.js";
import { type BoundPubSubs, pubSubChores, removePubSubRows } from "./pub-sub-sweep.js";
import type { Statement } from "./statement.js";

const find: Statement = {
  name: "pubsub_find",
  text: "SELECT namespace_id FROM pubsub_namespace WHERE namespace_id = $1",
};
const make: Statement = {
  name: "pubsub_make",
  text: "INSERT INTO pubsub_namespace (namespace_id) VALUES ($1) ON CONFLICT DO NOTHING",
};

/** Namespaces of pub-sub, and what is to be done for them again and again. */
export function pubSubs(connection: Connection): {
  readonly binder: PatternBinder<PostgresPubSub, PubSubOptions>;
  readonly chores: readonly Chore[];
} {
  const namespaces = new Namespaces(connection, { pattern: "pub-sub", removeRows: removePubSubRows });
  const bound: BoundPubSubs = new Map();
  const binder = namespaceBinder<PostgresPubSub, PubSubOptions>({
    connection,
    namespaces,
    capabilities: pubSubCapabilities,
    async compare(id, _, verbs) {
      return (await connection.run(find, [id])).length === 0 ? [`${verbs.make} an empty pub-sub in PostgreSQL`] : [];
    },
    async prepare(id) {
      await connection.run(make, [id]);
    },
    make(namespace, { options }) {
      const { maxDeliveries: deliveriesMax, retentionMs } = options;
      const pattern = new PostgresPubSub(connection, namespace, { deliveriesMax, retentionMs });
      bound.set(namespace, { pattern, options });
      return {
        pattern,
        close() {
          bound.delete(namespace);
          pattern.close();
        },
      };
    },
  });
  return { binder, chores: pubSubChores(connection, namespaces, bound) };
}
