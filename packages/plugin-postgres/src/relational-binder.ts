import { type Bound, GatewayError, type PatternBinder, relationalCapabilities } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { Namespace } from "./namespace.js";
import { NamespaceDatabases, removeRelationalRows } from "./namespace-database.js";
import { Namespaces } from "./namespaces.js";
import { PostgresRelational } from "./relational.js";
import { SqlSessions } from "./sql-sessions.js";

/** The binder of the relational pattern, whose namespaces are databases. `connectionsMax`: of each. */
export function relationalBinder(connection: Connection, connectionsMax: number): PatternBinder<PostgresRelational> {
  const namespaces = new Namespaces(connection, { pattern: "relational", removeRows: removeRelationalRows });
  const databases = new NamespaceDatabases(connection.access);
  const nameOf = (namespace: string) => JSON.stringify(databases.nameOf(namespace));
  return {
    async bind({ namespace }) {
      const made = new MadeDatabase({
        connection,
        databases,
        namespace: new Namespace(namespaces, namespace),
        connectionsMax,
      });
      const bound = {
        pattern: new PostgresRelational(connection.address, () => made.sessions()),
        capabilities: relationalCapabilities,
        close: () => made.close(),
        durability: () => durabilityOf(connection),
      };
      try {
        await made.sessions();
        const changes = made.wasMissing ? [`made the database and role ${nameOf(namespace)}`] : [];
        return { ...bound, changes } satisfies Bound<PostgresRelational>;
      } catch (error) {
        // PostgreSQL may be away: then the database is made when it is back. Everything else that goes wrong fails the bind.
        if (!(error instanceof GatewayError) || error.reason !== "BACKEND_UNAVAILABLE") throw error;
        return { ...bound, changes: ["PostgreSQL does not answer now; the database is made when it does"] };
      }
    },
    async plan({ namespace }) {
      const isThere = (await namespaces.idOf(namespace)) !== undefined;
      return isThere ? [] : [`would make the database and role ${nameOf(namespace)}`];
    },
    async deleteData(namespace) {
      const id = await namespaces.idOf(namespace);
      if (id === undefined) return [];
      await databases.remove(namespace, id);
      await namespaces.delete(namespace);
      return [`removed the database and role ${nameOf(namespace)}`];
    },
  };
}

interface MadeDatabaseOptions {
  readonly connection: Connection;
  readonly databases: NamespaceDatabases;
  readonly namespace: Namespace;
  readonly connectionsMax: number;
}

/** The database of one bound namespace, made when it is first needed and PostgreSQL can be reached. */
class MadeDatabase {
  readonly #options: MadeDatabaseOptions;
  #making: Promise<SqlSessions> | undefined;
  #wasMissing = false;

  constructor(options: MadeDatabaseOptions) {
    this.#options = options;
  }

  /** Whether it was made now. */
  get wasMissing(): boolean {
    return this.#wasMissing;
  }

  sessions(): Promise<SqlSessions> {
    this.#making ??= this.#make().catch((error) => {
      this.#making = undefined;
      throw error;
    });
    return this.#making;
  }

  async close(): Promise<void> {
    await this.#making?.then((sessions) => sessions.close()).catch(() => {});
  }

  async #make(): Promise<SqlSessions> {
    const { connection, databases, namespace, connectionsMax } = this.#options;
    const make = () => namespace.use((id) => databases.make(namespace.name, id));
    connection.requireUp();
    const { login, made } = await make();
    this.#wasMissing = made;
    return new SqlSessions({ connection, login, connectionsMax, restoreLogin: make });
  }
}
