import { setTimeout as delay } from "node:timers/promises";
import { type Bound, isBackendAway, type PatternBinder, relationalCapabilities } from "@prism-data/pattern-sdk";
import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { MadeDatabase } from "./made-database.js";
import { makeInTables, planInTables } from "./missing-tables.js";
import { Namespace } from "./namespace.js";
import { NamespaceDatabases, removeRelationalRows } from "./namespace-database.js";
import { Namespaces } from "./namespaces.js";
import { PostgresRelational } from "./relational.js";
import type { Statement } from "./statement.js";
import { done, planned, type Verbs } from "./verbs.js";

/** How long a removal is waited for. PostgreSQL may take longer over a database, and goes on by itself. */
const removalWaitMsMax = 10_000;

/** How late what a process has left of a removal is removed. */
const sweepEveryMs = 5_000;

const find: Statement = {
  name: "relational_find",
  text: `
    SELECT name, EXISTS (SELECT FROM pg_database WHERE datname = name) AS "hasDatabase",
      EXISTS (SELECT FROM pg_roles WHERE rolname = name) AS "hasRole"
    FROM relational_database WHERE namespace_id = $1 AND ready`,
};

/** What was found of a namespace. */
interface FoundDatabase {
  readonly name: string;
  readonly hasDatabase: boolean;
  readonly hasRole: boolean;
}

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
  const databaseAndRole = "a database and a role in PostgreSQL";
  /** What a namespace does not have. */
  const compare = async (namespace: string, { make }: Verbs): Promise<string[]> => {
    const id = await namespaces.idOf(namespace);
    const [found] = id === undefined ? [] : await connection.run<FoundDatabase>(find, [id]);
    if (found === undefined) return [`${make} ${databaseAndRole}`];
    const { name, hasDatabase, hasRole } = found;
    const what = [...(hasDatabase ? [] : [`the empty database ${name}`]), ...(hasRole ? [] : [`the role ${name}`])];
    return what.length === 0 ? [] : [`${make} ${what.join(" and ")} in PostgreSQL`];
  };
  const binder: PatternBinder<PostgresRelational> = {
    async bind({ namespace: name }) {
      const namespace = new Namespace(namespaces, name);
      const database = new MadeDatabase({ connection, databases, namespace, connectionsMax });
      const bound = {
        pattern: new PostgresRelational(connection.address, () => database.open()),
        capabilities: relationalCapabilities,
        close: () => database.close(),
        durability: () => durabilityOf(connection),
      };
      try {
        const changes = await makeInTables(connection, () => compare(name, done));
        await database.open();
        return { ...bound, changes } satisfies Bound<PostgresRelational>;
      } catch (error) {
        // PostgreSQL may be away: then the database is made when it is back. Everything else that goes wrong fails the bind.
        if (!isBackendAway(error)) throw error;
        return { ...bound, changes: ["PostgreSQL does not answer now; the database is made when it does"] };
      }
    },
    plan({ namespace }) {
      return planInTables(connection, () => compare(namespace, planned), `${planned.make} ${databaseAndRole}`);
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
