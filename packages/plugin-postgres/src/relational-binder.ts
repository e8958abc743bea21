import { setTimeout as delay } from "node:timers/promises";
import { type Bound, GatewayError, type PatternBinder, relationalCapabilities } from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { MadeDatabase } from "./made-database.js";
import { Namespace } from "./namespace.js";
import { NamespaceDatabases, removeRelationalRows } from "./namespace-database.js";
import { Namespaces } from "./namespaces.js";
import { PostgresRelational } from "./relational.js";

/** How long a removal is waited for. PostgreSQL may take longer over a database, and goes on by itself. */
const removalWaitMsMax = 10_000;

/** How late what a process has left of a removal is removed. */
const sweepEveryMs = 5_000;

/** SQL, and what is to be done for it again and again. `connectionsMax`: of each namespace, which is a database. */
export function relationals(
  connection: Connection,
  connectionsMax: number,
): { readonly binder: PatternBinder<PostgresRelational>; readonly chores: readonly Chore[] } {
  const databases = new NamespaceDatabases(connection.access);
  const namespaces = new Namespaces(connection, {
    pattern: "relational",
    removeRows: removeRelationalRows,
    removeOthers: (id) => databases.remove(id),
  });
  const binder: PatternBinder<PostgresRelational> = {
    async bind({ namespace: name }) {
      const namespace = new Namespace(namespaces, name);
      const database = new MadeDatabase({ connection, databases, namespace, connectionsMax });
      const bound = {
        pattern: new PostgresRelational(connection.address, async () => (await database.open()).sessions),
        capabilities: relationalCapabilities,
        close: () => database.close(),
        durability: () => durabilityOf(connection),
      };
      try {
        const changes = (await database.open()).made ? ["made a database and a role in PostgreSQL"] : [];
        return { ...bound, changes } satisfies Bound<PostgresRelational>;
      } catch (error) {
        // PostgreSQL may be away: then the database is made when it is back. Everything else that goes wrong fails the bind.
        if (!(error instanceof GatewayError) || error.reason !== "BACKEND_UNAVAILABLE") throw error;
        return { ...bound, changes: ["PostgreSQL does not answer now; the database is made when it does"] };
      }
    },
    async plan({ namespace }) {
      const isThere = (await namespaces.idOf(namespace)) !== undefined;
      return isThere ? [] : ["would make a database and a role in PostgreSQL"];
    },
    async deleteData(namespace) {
      const id = await namespaces.idOf(namespace);
      if (id === undefined) return [];
      const what = `the database and role ${JSON.stringify(databases.nameOf(namespace, id))}`;
      const removed = namespaces.delete(namespace).then(() => true);
      // After the wait nobody hears of a failure: what is left is removed by the chore.
      removed.catch(() => {});
      const isDone = await Promise.race([removed, delay(removalWaitMsMax, false, { ref: false })]);
      return [isDone ? `removed ${what}` : `cut ${what} off; PostgreSQL is still removing them`];
    },
  };
  return { binder, chores: [{ everyMs: sweepEveryMs, run: () => namespaces.removeForgotten() }] };
}
