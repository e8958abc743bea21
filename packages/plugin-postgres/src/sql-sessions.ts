import type { CallContext } from "@prism-data/pattern-sdk";
import { type ClientConfig, DatabaseError, Pool, type PoolClient } from "pg";
import type { Connection } from "./connection.js";
import { translateLinkError } from "./errors.js";
import type { NamespaceLogin } from "./namespace-database.js";
import { sessionsBusy, statementAbandoned, translateSqlError } from "./sql-errors.js";
import { SqlSession } from "./sql-session.js";
import { Turns } from "./turns.js";
import { TypeNames } from "./type-names.js";

/** Calls that may wait for a connection; more would only wait past their deadlines. */
const waitingMax = 256;

/** A connection that nobody needed for so long is closed, in ms: each is a process of the server, and each namespace has its own. */
const idleMs = 3_000;

/**
 * The server ends a session that pauses for so long in a batch, in ms: a plugin that vanished without a word would keep its locks for hours.
 * Longer than this process is ever busy.
 */
const pauseMsMax = 5_000;

/** A statement is bounded by its call's deadline; this bounds one whose call has none, and everything between statements. */
const statementTimeoutMs = 3_600_000;

const findTypeNames = "SELECT oid::int8, typname::text FROM pg_catalog.pg_type WHERE oid = ANY ($1::oid[])";

/** SQLSTATEs of a login with another password, and of one to a database or as a role that is not there. */
const loginRefused: readonly string[] = ["28P01", "28000", "3D000"];

export interface SqlSessionsOptions {
  readonly connection: Connection;
  readonly login: NamespaceLogin;
  readonly connectionsMax: number;
  /** Makes the login work again after the namespace's own SQL has changed the role's password. Throws when the database was removed. */
  readonly restoreLogin: () => Promise<unknown>;
}

/** The connections of one namespace: its role's own, to its own database. */
export class SqlSessions {
  readonly #connection: Connection;
  readonly #config: ClientConfig;
  readonly #pool: Pool;
  /** Calls wait here for a connection as long as their deadlines allow; the pool has one for each whose turn it is. */
  readonly #turns: Turns;
  /** For questions of the plugin's own while a statement is under way: those must not wait until others are done. */
  readonly #lookUps: Pool;
  readonly #typeNames = new TypeNames((oids) => this.#findTypeNames(oids));
  readonly #open = new Set<PoolClient>();
  readonly #stopListening: () => void;
  readonly #restoreLogin: () => Promise<unknown>;
  #closing: Promise<void> | undefined;

  constructor({ connection, login: { name, password }, connectionsMax, restoreLogin }: SqlSessionsOptions) {
    this.#connection = connection;
    this.#restoreLogin = restoreLogin;
    const settings = { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: pauseMsMax };
    this.#config = { ...connection.access.clientConfig(settings), user: name, password, database: name };
    this.#turns = new Turns(connectionsMax);
    this.#pool = this.#openPool(connectionsMax);
    this.#lookUps = this.#openPool(1);
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
    if (this.#turns.waiting >= waitingMax) throw sessionsBusy(this.#connection.address);
    await this.#turns.enter(context.signal).catch(() => {
      throw statementAbandoned(context);
    });
    const onGivenBack = () => this.#turns.leave();
    try {
      this.#connection.requireUp();
      const client = await this.#connected(context);
      return new SqlSession({ client, config: this.#config, typeNames: this.#typeNames, onGivenBack });
    } catch (error) {
      onGivenBack();
      throw error;
    }
  }

  /** May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    const closed = [this.#pool, this.#lookUps].map((pool) => pool.end());
    this.#drop();
    await Promise.all(closed);
  }

  #openPool(connectionsMax: number): Pool {
    const pool = new Pool({ ...this.#config, max: connectionsMax, idleTimeoutMillis: idleMs });
    // A connection that breaks while nobody uses it is replaced when it is needed.
    pool.on("error", () => {});
    pool.on("connect", (client) => {
      this.#connection.counts.connections++;
      this.#open.add(client);
    });
    pool.on("remove", (client) => this.#open.delete(client));
    return pool;
  }

  async #findTypeNames(oids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const question = { text: findTypeNames, values: [oids], query_timeout: this.#connection.access.statementTimeoutMs };
    const { rows } = await this.#lookUps.query<{ oid: bigint; typname: string }>(question);
    return new Map(rows.map(({ oid, typname }) => [Number(oid), typname]));
  }

  /** Waits for a connection as long as the call does. */
  async #connected(context: CallContext): Promise<PoolClient> {
    const connecting = this.#connect();
    const abandoned = Promise.withResolvers<never>();
    const onAbort = () => abandoned.reject(statementAbandoned(context));
    context.signal.addEventListener("abort", onAbort, { once: true });
    if (context.signal.aborted) onAbort();
    try {
      return await Promise.race([abandoned.promise, connecting]);
    } catch (error) {
      // One that comes later is for the next call.
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw translateLinkError(error, this.#connection.address);
    } finally {
      context.signal.removeEventListener("abort", onAbort);
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      if (!(error instanceof DatabaseError) || !loginRefused.includes(error.code ?? "")) throw error;
      await this.#restoreLogin();
      return this.#pool.connect();
    }
  }

  #drop(): void {
    for (const client of this.#open) client.connection.stream.destroy();
  }
}
