import type { CallContext } from "@prism-data/pattern-sdk";
import { type ClientConfig, DatabaseError, Pool, type PoolClient } from "pg";
import type { Connection } from "./connection.js";
import { translateLinkError } from "./errors.js";
import type { NamespaceLogin } from "./namespace-database.js";
import { sessionsBusy, statementAbandoned, translateSqlError } from "./sql-errors.js";
import { SqlSession } from "./sql-session.js";

/** Calls that may wait for a connection; more would only wait past their deadlines. */
const waitingMax = 256;

/** A connection that nobody needed for so long is closed, in ms: each is a process of the server. */
const idleMs = 10_000;

/** A statement is bounded by its call's deadline; this bounds one whose call has none, and everything between statements. */
const statementTimeoutMs = 3_600_000;

/** The SQLSTATE of a login with another password. */
const passwordRefused = "28P01";

export interface SqlSessionsOptions {
  readonly connection: Connection;
  readonly login: NamespaceLogin;
  readonly connectionsMax: number;
  /** Makes the login work again after the namespace's own SQL has changed the role's password. */
  readonly restoreLogin: () => Promise<unknown>;
}

/** The connections of one namespace: its role's own, to its own database. */
export class SqlSessions {
  readonly #connection: Connection;
  readonly #config: ClientConfig;
  readonly #pool: Pool;
  readonly #open = new Set<PoolClient>();
  readonly #stopListening: () => void;
  readonly #restoreLogin: () => Promise<unknown>;

  constructor({ connection, login: { name, password }, connectionsMax, restoreLogin }: SqlSessionsOptions) {
    this.#connection = connection;
    this.#restoreLogin = restoreLogin;
    const settings = { statement_timeout: statementTimeoutMs };
    this.#config = { ...connection.access.clientConfig(settings), user: name, password, database: name };
    this.#pool = new Pool({ ...this.#config, max: connectionsMax, idleTimeoutMillis: idleMs });
    // A connection that breaks while nobody uses it is replaced when it is needed.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => {
      connection.counts.connections++;
      this.#open.add(client);
    });
    this.#pool.on("remove", (client) => this.#open.delete(client));
    this.#stopListening = connection.onDown(() => this.#drop());
  }

  /** Lends a connection to `work`, as it was when it was made. */
  async use<T>(context: CallContext, work: (session: SqlSession) => Promise<T>): Promise<T> {
    const session = await this.take(context);
    try {
      return await work(session);
    } catch (error) {
      throw translateSqlError(error, this.#connection.address, context);
    } finally {
      // The answer need not wait for the next one's connection.
      void session.giveBack();
    }
  }

  /** Takes a connection; whoever takes it gives it back. Throws `GatewayError`. */
  async take(context: CallContext): Promise<SqlSession> {
    this.#connection.requireUp();
    if (this.#pool.waitingCount >= waitingMax) throw sessionsBusy(this.#connection.address);
    const client = await this.#connected(context);
    return new SqlSession(client, this.#config);
  }

  async close(): Promise<void> {
    this.#stopListening();
    const closed = this.#pool.end();
    this.#drop();
    await closed;
  }

  async #connected(context: CallContext): Promise<PoolClient> {
    let client: PoolClient;
    try {
      client = await this.#pool.connect().catch(async (error) => {
        if (!(error instanceof DatabaseError) || error.code !== passwordRefused) throw error;
        await this.#restoreLogin();
        return this.#pool.connect();
      });
    } catch (error) {
      throw translateLinkError(error, this.#connection.address);
    }
    if (!context.signal.aborted) return client;
    client.release();
    throw statementAbandoned(context);
  }

  #drop(): void {
    for (const client of this.#open) client.connection.stream.destroy();
  }
}
