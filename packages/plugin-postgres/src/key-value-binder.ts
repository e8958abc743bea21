import { EtagSource, keyValueCapabilities, type PatternBinder } from "@prism-data/pattern-sdk";
import { ChangeFeed } from "./change-feed.js";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { PostgresKeyValue } from "./key-value.js";
import { keyValueChores, removeKeyValueRows } from "./key-value-sweep.js";
import { namespaceBinder } from "./namespace-binder.js";
import { Namespaces } from "./namespaces.js";

/** Key-value namespaces, and what is to be done for them again and again. */
export function keyValues(connection: Connection): {
  readonly binder: PatternBinder<PostgresKeyValue>;
  readonly chores: readonly Chore[];
} {
  const namespaces = new Namespaces(connection, { pattern: "key-value", removeRows: removeKeyValueRows });
  const etags = new EtagSource();
  const binder = namespaceBinder<PostgresKeyValue, undefined>({
    connection,
    namespaces,
    capabilities: keyValueCapabilities,
    make(namespace) {
      const changes = new ChangeFeed(connection, namespace);
      return { pattern: new PostgresKeyValue({ connection, namespace, etags, changes }) };
    },
  });
  return { binder, chores: keyValueChores(connection, namespaces) };
}
