import type { RowOutlet, SqlStatement } from "@prism-data/pattern-sdk";
import { retryWhileBusy } from "./busy-retry.js";
import type { Connection } from "./connection.js";
import type { ConnectionAnswers, ConnectionRequest } from "./connection-messages.js";
import { type FailurePlace, translateSqlError } from "./sql-errors.js";
import { rowReaderOf, storedStatement } from "./stored-values.js";

/** How many bytes of a result are read in one go: as many as a response may have. */
const readBytes = 1_048_576;

export interface StatementsOptions {
  readonly connection: Connection;
  /** Each statement, and each batch, is a transaction by itself. */
  readonly own: boolean;
  /** How long to wait for the end of another transaction that writes. */
  readonly busyTimeoutMs: number;
  readonly place: FailurePlace;
}

/** Runs statements on a connection, one at a time, and translates what they fail with. */
export class Statements {
  readonly #options: StatementsOptions;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  /** Reads as the outlet takes. */
  async query(statement: SqlStatement, outlet: RowOutlet, signal: AbortSignal): Promise<void> {
    const { own } = this.#options;
    const size = { rows: outlet.batchRows, bytes: readBytes };
    const first = await this.#ask({ kind: "query", own, size, statement: storedStatement(statement) }, signal);
    outlet.columns(first.columns);
    const read = rowReaderOf(first.columns);
    for (let part: ConnectionAnswers["fetch"] = first; ; part = await this.#ask({ kind: "fetch", own, size }, signal)) {
      if (part.rows.length > 0) await outlet.rows(part.rows.map(read));
      if (part.done) return;
    }
  }

  async execute(statement: SqlStatement, signal: AbortSignal): Promise<number> {
    return this.#ask({ kind: "execute", own: this.#options.own, statement: storedStatement(statement) }, signal);
  }

  async executeBatch(statements: readonly SqlStatement[], signal: AbortSignal): Promise<readonly number[]> {
    return this.#ask({ kind: "batch", statements: statements.map(storedStatement) }, signal);
  }

  async #ask<Request extends ConnectionRequest>(
    request: Request,
    signal: AbortSignal,
  ): Promise<ConnectionAnswers[Request["kind"]]> {
    const { connection, own, busyTimeoutMs, place } = this.#options;
    try {
      const run = () => connection.call(request, signal);
      // What reads on cannot begin anew, and meets nobody.
      if (request.kind === "fetch") return await run();
      // A transaction that an app drives has shown it what it read: only the app can begin anew.
      return await retryWhileBusy(run, { timeoutMs: busyTimeoutMs, whenOvertaken: own, signal });
    } catch (error) {
      throw translateSqlError(error, place);
    }
  }
}
