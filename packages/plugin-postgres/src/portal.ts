import type { FieldDef } from "pg";
import { copyUnsupported, nothingToRun } from "./sql-errors.js";
import type { EncodedParameter } from "./sql-parameters.js";
import type { TransactionStatus, Wire, WrittenAhead } from "./wire.js";

/** Bytes of rows that wait to be taken; with more the socket is not read, and the server waits. */
const waitingBytesMax = 4 * 2 ** 20;

/** What a row takes in memory beside its values' bytes, about. */
const rowOverheadBytes = 100;

/** One row as it travels: each value in its text form. */
export type RawRow = readonly (string | null)[];

/** Some rows, and whether they are the last. */
export interface RawRows {
  readonly rows: readonly RawRow[];
  readonly isLast: boolean;
}

export interface PortalOptions {
  readonly sql: string;
  readonly parameters: readonly EncodedParameter[];
  /** Whether anybody takes the rows. */
  readonly takesRows: boolean;
  /**
   * How many rows the server sends before it is asked for more. 0: it sends them as fast as they are taken, and ends the statement by
   * itself: outside of a transaction block, it is committed then.
   */
  readonly rowsFirst: number;
  /** What is to be done on the connection afterwards: written as soon as the statement's end is. */
  readonly afterwards: WrittenAhead | undefined;
}

type State =
  /** The server works, or rows are on their way. */
  | { readonly kind: "running" }
  /** The server waits to be asked for more rows. */
  | { readonly kind: "suspended" }
  | { readonly kind: "complete"; readonly rowsAffected: number }
  | { readonly kind: "failed"; readonly error: unknown };

/** Commands whose tag counts rows that were changed. */
const changingTag = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/;

/**
 * One statement through the extended protocol, which takes no second one in the same text: its rows are read no faster than they are taken,
 * and it ends, and outside of a transaction block is committed, with its last row or with `finish`.
 */
export class Portal implements WrittenAhead {
  readonly #options: PortalOptions;
  readonly #columns = Promise.withResolvers<readonly FieldDef[]>();
  readonly #ended = Promise.withResolvers<TransactionStatus | undefined>();
  #wire: Wire | undefined;
  #state: State = { kind: "running" };
  #rows: RawRow[] = [];
  #rowsAwaited = 0;
  #waitingBytes = 0;
  #isPaused = false;
  #synced = false;
  #copies = false;
  #onChange: (() => void) | undefined;
  readonly #onNoData = () => this.#columns.resolve([]);
  readonly #onCopyOut = () => {
    this.#copies = true;
  };

  constructor(options: PortalOptions) {
    this.#options = options;
    this.#columns.promise.catch(() => {});
  }

  /** The columns of the result; none for a statement without one. Rejects when the statement is refused. */
  get columns(): Promise<readonly FieldDef[]> {
    return this.#columns.promise;
  }

  get hasFailed(): boolean {
    return this.#state.kind === "failed";
  }

  /** Settles when the server is ready for another statement, or, without a status, the connection is lost. */
  get ended(): Promise<TransactionStatus | undefined> {
    return this.#ended.promise;
  }

  /** Waits for `rowsMax` rows, or fewer where there are no more or they are large. */
  async next(rowsMax: number): Promise<RawRows> {
    if (this.#state.kind === "suspended" && this.#rows.length === 0) this.#ask(rowsMax);
    if (this.#rows.length < rowsMax) this.#resume();
    this.#rowsAwaited = rowsMax;
    while (this.#state.kind === "running" && this.#rows.length < rowsMax && !this.#isPaused) await this.#change();
    if (this.#state.kind === "failed") throw this.#state.error;
    const rows = this.#rows.splice(0, rowsMax);
    return { rows, isLast: this.#state.kind === "complete" && this.#rows.length === 0 };
  }

  /** Ends the statement, and returns how many rows it changed. Throws when it fails, also while it is committed. */
  async finish(): Promise<number> {
    this.#resume();
    while (this.#state.kind === "running") await this.#change();
    const state = this.#state;
    if (state.kind === "complete") this.#sync();
    await this.#ended.promise;
    if (this.#state.kind === "failed") throw this.#state.error;
    if (this.#copies) throw copyUnsupported();
    return state.kind === "complete" ? state.rowsAffected : 0;
  }

  write(wire: Wire): void {
    this.#wire = wire;
    const { sql, parameters, rowsFirst } = this.#options;
    wire.parse({ text: sql, types: parameters.map(({ oid }) => oid) });
    wire.bind({ values: parameters.map(({ value }) => value) });
    wire.describe({ type: "P" });
    this.#ask(rowsFirst);
  }

  /** Called by the driver when the answers are this statement's. */
  submit(): void {
    this.#wire!.on("noData", this.#onNoData).on("copyOutResponse", this.#onCopyOut);
  }

  end(status: TransactionStatus | undefined): void {
    this.#wire!.off("noData", this.#onNoData).off("copyOutResponse", this.#onCopyOut);
    this.#ended.resolve(status);
  }

  handleRowDescription({ fields }: { fields: readonly FieldDef[] }): void {
    this.#columns.resolve(fields);
  }

  handleDataRow({ fields, length }: { fields: RawRow; length: number }): void {
    if (!this.#options.takesRows) return;
    this.#waitingBytes += length + rowOverheadBytes;
    if (this.#rows.push(fields) === this.#rowsAwaited) this.#tell();
    if (this.#waitingBytes <= waitingBytesMax || this.#isPaused) return;
    // What was read of the socket before still comes.
    this.#isPaused = true;
    this.#wire!.stream.pause();
    this.#tell();
  }

  handlePortalSuspended(): void {
    this.#become({ kind: "suspended" });
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#become({ kind: "complete", rowsAffected: Number(changingTag.exec(text)?.[1] ?? 0) });
  }

  handleEmptyQuery(): void {
    this.handleError(nothingToRun());
  }

  handleReadyForQuery(): void {
    // `end` is called for it, also after an error.
  }

  handleError(met: Error): void {
    const error = this.#copies ? copyUnsupported() : met;
    this.#become({ kind: "failed", error });
    this.#columns.reject(error);
    // After an error the server skips everything up to here.
    this.#sync();
  }

  handleCopyInResponse(): void {
    this.#copies = true;
    this.#wire!.sendCopyFail("COPY FROM STDIN is not offered");
    // While it waited for data, the server has ignored what ended the statement.
    this.#synced = false;
    this.#sync();
  }

  handleCopyData(): void {
    // What COPY TO STDOUT sends has no columns; the statement is refused when it has ended.
  }

  #ask(rowsMax: number): void {
    this.#state = { kind: "running" };
    this.#wire!.execute({ rows: rowsMax });
    if (rowsMax === 0) this.#sync();
    else this.#wire!.flush();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#waitingBytes = 0;
    this.#wire!.stream.resume();
  }

  #sync(): void {
    if (this.#synced) return;
    this.#synced = true;
    this.#wire!.sync();
    this.#options.afterwards?.write(this.#wire!);
  }

  #become(state: State): void {
    if (this.#state.kind === "failed") return;
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.#onChange?.();
    this.#onChange = undefined;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }
}
