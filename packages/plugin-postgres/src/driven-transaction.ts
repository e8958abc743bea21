import type {
  BeginRequest,
  CallContext,
  Isolation,
  RowOutlet,
  SqlStatement,
  SqlTransaction,
} from "@prism-data/pattern-sdk";
import { commitOfFailed, translateSqlError } from "./sql-errors.js";
import type { SqlSession } from "./sql-session.js";

/** How much later than the plugin the server ends one that waits for its app, in ms: when the plugin has vanished without a word. */
const idleGraceMs = 2_000;

export interface DrivenTransactionOptions {
  /** Its connection, which it gives back when it is over. */
  readonly session: SqlSession;
  readonly isolation: Isolation;
  /** The call that it lives in. */
  readonly context: CallContext;
  /** The server, for messages. */
  readonly address: string;
}

/**
 * A transaction that the app drives.
 *
 * Invariant: the connection is given back once. What comes after that finds the transaction over and does nothing: a rollback follows
 * a commit that has failed.
 */
export class DrivenTransaction implements SqlTransaction {
  readonly isolation: Isolation;
  readonly #session: SqlSession;
  readonly #context: CallContext;
  readonly #address: string;
  #isOver = false;

  constructor({ session, isolation, context, address }: DrivenTransactionOptions) {
    this.isolation = isolation;
    this.#session = session;
    this.#context = context;
    this.#address = address;
  }

  async begin({ readOnly, idleTimeoutMs }: Omit<BeginRequest, "isolation">): Promise<void> {
    const level = this.isolation.replace("-", " ").toUpperCase();
    const idleMs = idleTimeoutMs + idleGraceMs;
    try {
      await this.#session.begin(
        "driven",
        `ISOLATION LEVEL ${level} READ ${readOnly ? "ONLY" : "WRITE"}; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
      );
    } catch (error) {
      this.#end();
      throw this.#translated(error);
    }
  }

  async query(statement: SqlStatement, outlet: RowOutlet): Promise<void> {
    await this.#session.query(statement, outlet, this.#context).catch((error) => {
      throw this.#translated(error);
    });
  }

  execute(statement: SqlStatement): Promise<number> {
    return this.#session.execute(statement, this.#context).catch((error) => {
      throw this.#translated(error);
    });
  }

  async commit(): Promise<void> {
    try {
      if (!(await this.#session.commit())) throw commitOfFailed();
    } catch (error) {
      throw this.#translated(error);
    } finally {
      this.#end();
    }
  }

  async rollback(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#session.rollback();
    } catch {
      // Then the connection is closed, and PostgreSQL rolls back.
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#isOver = true;
    void this.#session.giveBack();
  }

  #translated(error: unknown): unknown {
    return translateSqlError(error, this.#address, this.#context);
  }
}
