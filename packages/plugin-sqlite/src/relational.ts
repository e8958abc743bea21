import type { BeginRequest, CallContext, Relational, RowOutlet, SqlStatement } from "@prism-data/pattern-sdk";
import { retryWhileBusy } from "./sql/busy-retry.js";
import type { Connection } from "./sql/connection.js";
import type { ConnectionPool, PooledFile } from "./sql/connection-pool.js";
import { translateSqlError } from "./sql/sql-errors.js";
import { SqliteTransaction } from "./sql/sqlite-transaction.js";
import { Statements } from "./sql/statements.js";

export interface SqliteRelationalOptions {
  readonly pool: ConnectionPool;
  readonly file: PooledFile;
  /** How long a statement waits for the end of another transaction that writes. */
  readonly busyTimeoutMs: number;
}

/** SQL on one file. Statements run in processes of their own, so that one that runs too long can be stopped. */
export class SqliteRelational implements Relational {
  readonly #options: SqliteRelationalOptions;

  constructor(options: SqliteRelationalOptions) {
    this.#options = options;
  }

  /** Opens the file once. Throws `GatewayError` when it cannot be. */
  check(signal: AbortSignal): Promise<void> {
    const { pool, file } = this.#options;
    return this.#whenFree(() => pool.check(file, signal), signal);
  }

  query(statement: SqlStatement, outlet: RowOutlet, { signal }: CallContext): Promise<void> {
    return this.#lend(signal, (statements) => statements.query(statement, outlet, signal));
  }

  execute(statement: SqlStatement, { signal }: CallContext): Promise<number> {
    return this.#lend(signal, (statements) => statements.execute(statement, signal));
  }

  executeBatch(statements: readonly SqlStatement[], { signal }: CallContext): Promise<readonly number[]> {
    return this.#lend(signal, (runner) => runner.executeBatch(statements, signal));
  }

  async begin({ readOnly }: BeginRequest, { signal }: CallContext): Promise<SqliteTransaction> {
    const { pool, file, busyTimeoutMs } = this.#options;
    const place = { path: file.path, readOnly };
    const connection = await this.#acquire(signal);
    const release = () => pool.release(connection);
    const transaction = new SqliteTransaction({ connection, busyTimeoutMs, place, release });
    try {
      await connection.call({ kind: "begin", readOnly }, signal);
      return transaction;
    } catch (error) {
      await transaction.rollback();
      throw translateSqlError(error, place);
    }
  }

  async #lend<T>(signal: AbortSignal, run: (statements: Statements) => Promise<T>): Promise<T> {
    const { pool, file, busyTimeoutMs } = this.#options;
    const connection = await this.#acquire(signal);
    try {
      return await run(new Statements({ connection, own: true, busyTimeoutMs, place: { path: file.path } }));
    } catch (error) {
      await connection.reset();
      throw error;
    } finally {
      pool.release(connection);
    }
  }

  #acquire(signal: AbortSignal): Promise<Connection> {
    const { pool, file } = this.#options;
    return this.#whenFree(() => pool.acquire(file, signal), signal);
  }

  /** Opening waits while another process repairs the file after a crash. */
  async #whenFree<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { file, busyTimeoutMs } = this.#options;
    try {
      return await retryWhileBusy(run, { timeoutMs: busyTimeoutMs, whenOvertaken: true, signal });
    } catch (error) {
      throw translateSqlError(error, { path: file.path });
    }
  }
}
