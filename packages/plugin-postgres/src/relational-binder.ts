import { type Bound, GatewayError, type PatternBinder } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { Namespace } from "./namespace.js";
import { NamespaceDatabases } from "./namespace-database.js";
import type { Namespaces } from "./namespaces.js";
import { PostgresRelational } from "./relational.js";
import { SqlSessions } from "./sql-sessions.js";

export interface RelationalBinderOptions {
  readonly connection: Connection;
  readonly namespaces: Namespaces;
  readonly capabilities: readonly string[];
  /** The most connections of each namespace. */
  readonly connectionsMax: number;
}

/** The binder of the relational pattern, whose namespaces are databases. */
export function relationalBinder(options: RelationalBinderOptions): PatternBinder<PostgresRelational> {
  const { connection, namespaces, capabilities } = options;
  const databases = new NamespaceDatabases(connection.access);
  const nameOf = (namespace: string) => JSON.stringify(databases.nameOf(namespace));
  return {
    async bind({ namespace }) {
      const made = new MadeDatabase(new Namespace(namespaces, namespace), databases, options);
      const bound = {
        pattern: new PostgresRelational(connection.address, () => made.sessions()),
        capabilities,
        close: () => made.close(),
      };
      try {
        await made.sessions();
        const changes = made.wasMissing ? [`made the database and role ${nameOf(namespace)}`] : [];
        return { ...bound, changes, durability: await durabilityOf(connection) } satisfies Bound<PostgresRelational>;
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

/** The database of one bound namespace, made when it is first needed and PostgreSQL can be reached. */
class MadeDatabase {
  readonly #namespace: Namespace;
  readonly #databases: NamespaceDatabases;
  readonly #options: RelationalBinderOptions;
  #making: Promise<SqlSessions> | undefined;
  #wasMissing = false;

  constructor(namespace: Namespace, databases: NamespaceDatabases, options: RelationalBinderOptions) {
    this.#namespace = namespace;
    this.#databases = databases;
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
    const { connection, connectionsMax } = this.#options;
    const { name } = this.#namespace;
    const make = () => this.#namespace.use((id) => this.#databases.make(name, id));
    connection.requireUp();
    const { login, made } = await make();
    this.#wasMissing = made;
    return new SqlSessions({ connection, login, connectionsMax, restoreLogin: make });
  }
}
