import { GatewayError } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Namespace } from "./namespace.js";
import type { NamespaceDatabases } from "./namespace-database.js";
import { SqlSessions } from "./sql-sessions.js";

export interface MadeDatabaseOptions {
  readonly connection: Connection;
  readonly databases: NamespaceDatabases;
  readonly namespace: Namespace;
  readonly connectionsMax: number;
}

/** The database of one bound namespace, made when it is first needed and PostgreSQL can be reached. */
export class MadeDatabase {
  readonly #options: MadeDatabaseOptions;
  #opening: Promise<SqlSessions> | undefined;

  constructor(options: MadeDatabaseOptions) {
    this.#options = options;
  }

  /** Makes it unless it is there. Throws `GatewayError`; then the next call tries again. */
  open(): Promise<SqlSessions> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    await this.#opening?.then((sessions) => sessions.close()).catch(() => {});
  }

  async #open(): Promise<SqlSessions> {
    const { connection, databases, namespace, connectionsMax } = this.#options;
    connection.requireUp();
    const make = () => namespace.use((id) => databases.make(namespace.name, id));
    const login = await make();
    const restoreLogin = async () => {
      await make().catch((error) => {
        if (error instanceof GatewayError && error.reason === "NAMESPACE_UNAVAILABLE") this.#leave(sessions);
        throw error;
      });
    };
    const sessions = new SqlSessions({ connection, login, connectionsMax, restoreLogin });
    return sessions;
  }

  /** Another process has removed the database; the next call makes another. */
  #leave(sessions: SqlSessions): void {
    this.#opening = undefined;
    void sessions.close();
  }
}
