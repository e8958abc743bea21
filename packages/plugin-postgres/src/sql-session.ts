import type { CallContext, RowOutlet, SqlStatement } from "@prism-data/pattern-sdk";
import type { ClientConfig, PoolClient } from "pg";
import { requestCancel } from "./cancel-request.js";
import { Command } from "./command.js";
import { Portal, type RawRow } from "./portal.js";
import { nulInStatement, transactionControlRefused, transactionLost } from "./sql-errors.js";
import { encodeParameters } from "./sql-parameters.js";
import { valueReader } from "./sql-values.js";
import { controlsTransaction, copies, onlyReads } from "./statement-kind.js";
import type { TypeNames } from "./type-names.js";
import { sendTogether, type TransactionStatus } from "./wire.js";

/** How long a statement that was told to stop may take to do so, before its connection is given up. */
const cancelTimeoutMs = 2_000;

/** Rows of the first batch: enough for most results, few enough when rows are large. */
const rowsFirst = 64;

/** The longest time limit that PostgreSQL takes, in ms. */
const timeoutMsMax = 2 ** 31 - 1;

/** Makes a session what it was when it was made. */
const reset = "DISCARD ALL";

/** What the server is asked for at once is to come to about so many bytes, as far as the rows before can tell. */
const batchBytes = 2 ** 20;

/** How many times more rows than before are asked for at most. */
const growthMax = 8;

/** Rows that are asked for at once at most, unless the app takes more: an app that takes few must not have a round trip for each. */
const rowsAtOnceMax = 1_000;

/** A statement whose call has no deadline is bounded by the session. */
type Deadline = Pick<CallContext, "deadlineMs">;

/** What statements belong to: each to a transaction of its own, to a batch's, or to one that the app drives. */
type Transaction = "none" | "batch" | "driven";

/** What a session is made of. */
export interface SqlSessionOptions {
  readonly client: PoolClient;
  /** How its connection was made. */
  readonly config: ClientConfig;
  readonly typeNames: TypeNames;
  /** The session does not use its connection any more. */
  readonly onGivenBack: () => void;
}

/** One connection of a namespace's own role, for one call or one transaction. */
export class SqlSession {
  readonly #client: PoolClient;
  readonly #config: ClientConfig;
  readonly #typeNames: TypeNames;
  readonly #onGivenBack: () => void;
  readonly #onError = () => {
    this.#isBroken = true;
  };
  #transaction: Transaction = "none";
  #isBroken = false;
  /** Under way, or to be written behind the statement that is. */
  #reset: Command | undefined;

  constructor({ client, config, typeNames, onGivenBack }: SqlSessionOptions) {
    this.#client = client;
    this.#config = config;
    this.#typeNames = typeNames;
    this.#onGivenBack = onGivenBack;
    client.on("error", this.#onError);
  }

  /** Begins a transaction; every statement from here on belongs to it. `how`: what stands behind BEGIN. */
  async begin(transaction: Exclude<Transaction, "none">, how = ""): Promise<void> {
    await this.#client.query(`BEGIN ${how}`);
    this.#transaction = transaction;
  }

  /** Commits; returns false when PostgreSQL has rolled back instead, because a statement had failed. */
  async commit(): Promise<boolean> {
    this.#transaction = "none";
    return (await this.#client.query("COMMIT")).command === "COMMIT";
  }

  async rollback(): Promise<void> {
    this.#transaction = "none";
    await this.#client.query("ROLLBACK");
  }

  /** Runs a statement for what it changes; returns how many rows. */
  execute(statement: SqlStatement, context: CallContext): Promise<number> {
    return this.#run(statement, context, {});
  }

  /** Runs a statement for its rows, read as the outlet takes them. */
  async query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): Promise<void> {
    await this.#run(statement, context, { read: (portal) => readRows(portal, outlet, this.#typeNames) });
  }

  /** Makes the session what it was when it was made, and gives it back; one that cannot be trusted any more is closed. */
  async giveBack(): Promise<void> {
    if (!this.#isBroken && !(await this.#whenReset())) this.#isBroken = true;
    this.#client.release(this.#isBroken);
    this.#client.off("error", this.#onError);
    this.#onGivenBack();
  }

  /** Whether it was. A statement outside of a transaction has brought the reset with it. */
  #whenReset(): Promise<boolean> {
    if (this.#reset === undefined) {
      this.#reset = new Command(reset);
      sendTogether(this.#client, [this.#reset], []);
    }
    return this.#reset.succeeded;
  }

  async #run(
    { sql, parameters }: SqlStatement,
    { signal, deadlineMs }: CallContext,
    { read }: { readonly read?: (portal: Portal) => Promise<void> },
  ): Promise<number> {
    if (sql.includes("\0")) throw nulInStatement();
    if (controlsTransaction(sql, { savepoints: this.#transaction === "driven" })) throw transactionControlRefused();
    const encoded = encodeParameters(parameters);
    signal.throwIfAborted();
    // While the server waits for what is copied, it takes nothing else.
    if (this.#transaction === "none" && !copies(sql)) this.#reset = new Command(reset);
    const endsByItself = read === undefined || this.#transaction !== "none" || onlyReads(sql);
    const portal = new Portal({
      sql,
      parameters: encoded,
      takesRows: read !== undefined,
      rowsFirst: endsByItself ? 0 : rowsFirst,
      afterwards: this.#reset,
    });
    const stop = () => void this.#stop(portal);
    signal.addEventListener("abort", stop, { once: true });
    try {
      sendTogether(this.#client, [...this.#timeLimit({ deadlineMs }), portal], this.#reset ? [this.#reset] : []);
      await read?.(portal);
      const rowsAffected = await portal.finish();
      this.#checkTransaction(await portal.ended);
      return rowsAffected;
    } catch (error) {
      await this.#settle(portal);
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** In a transaction that has failed, nothing may be set, and no statement is run. */
  #timeLimit({ deadlineMs }: Deadline): Command[] {
    if (deadlineMs === undefined || this.#client.getTransactionStatus() === "E") return [];
    const leftMs = Math.min(Math.max(1, Math.floor(deadlineMs - Date.now())), timeoutMsMax);
    return [new Command(`SET statement_timeout = ${leftMs}`)];
  }

  /** Tells the server to stop, and gives the connection up when it does not. */
  async #stop(portal: Portal): Promise<void> {
    this.#isBroken = true;
    const tooLong = setTimeout(() => this.#destroy(), cancelTimeoutMs);
    await Promise.race([requestCancel(this.#client, this.#config, cancelTimeoutMs), portal.ended]);
    await portal.ended;
    clearTimeout(tooLong);
  }

  /** After a failure: whether the server is ready for another statement. Rows that nobody takes would keep it from that. */
  async #settle(portal: Portal): Promise<void> {
    if (!portal.hasFailed) this.#destroy();
    await portal.ended;
  }

  #checkTransaction(status: TransactionStatus | undefined): void {
    if ((status === "T") === (this.#transaction !== "none")) return;
    this.#isBroken = true;
    throw transactionLost();
  }

  #destroy(): void {
    this.#isBroken = true;
    this.#client.connection.stream.destroy();
  }
}

async function readRows(portal: Portal, outlet: RowOutlet, typeNames: TypeNames): Promise<void> {
  const fields = await portal.columns;
  const names = await typeNames.of(fields.map(({ dataTypeID }) => dataTypeID));
  outlet.columns(fields.map(({ name, dataTypeID }) => ({ name, type: names.get(dataTypeID) ?? "" })));
  const readers = fields.map(({ dataTypeID }) => valueReader(dataTypeID));
  let rowsMax = rowsFirst;
  for (;;) {
    const { rows, isLast } = await portal.next(rowsMax);
    if (rows.length > 0) await outlet.rows(rows.map((row) => row.map((text, index) => readers[index]!(text))));
    if (isLast) return;
    if (rows.length > 0)
      rowsMax = Math.min(
        Math.max(outlet.batchRows, rowsAtOnceMax),
        rowsMax * growthMax,
        Math.max(1, Math.floor(batchBytes / averageBytes(rows))),
      );
  }
}

function averageBytes(rows: readonly RawRow[]): number {
  const sizeBytes = rows.reduce((sum, row) => sum + row.reduce((bytes, text) => bytes + (text?.length ?? 0), 1), 1);
  return sizeBytes / rows.length;
}
