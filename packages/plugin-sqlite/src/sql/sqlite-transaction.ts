import type { CallContext, Isolation, RowOutlet, SqlStatement, SqlTransaction } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { type FailurePlace, translateSqlError } from "./sql-errors.js";
import { Statements } from "./statements.js";

export interface SqliteTransactionOptions {
  readonly connection: Connection;
  readonly busyTimeoutMs: number;
  readonly place: FailurePlace;
  /** Gives the connection back. */
  readonly release: () => void;
}

/** A transaction that an app drives, on a connection that is its own until it is over. */
export class SqliteTransaction implements SqlTransaction {
  /** It sees the file as it was at its first statement, and fails when it writes after another one has. */
  readonly isolation: Isolation = "serializable";
  readonly #options: SqliteTransactionOptions;
  readonly #statements: Statements;
  #isOver = false;

  constructor(options: SqliteTransactionOptions) {
    this.#options = options;
    this.#statements = new Statements({ ...options, own: false });
  }

  query(statement: SqlStatement, outlet: RowOutlet, { signal }: CallContext): Promise<void> {
    return this.#statements.query(statement, outlet, signal);
  }

  execute(statement: SqlStatement, { signal }: CallContext): Promise<number> {
    return this.#statements.execute(statement, signal);
  }

  async commit(): Promise<void> {
    const { connection, place } = this.#options;
    try {
      // Nobody may stop a commit: whether it happened would not be known.
      await connection.call({ kind: "commit" }, new AbortController().signal);
    } catch (error) {
      throw translateSqlError(error, place);
    }
    this.#end();
  }

  async rollback(): Promise<void> {
    if (this.#isOver) return;
    await this.#options.connection.reset();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#options.release();
  }
}
