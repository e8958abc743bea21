import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { FieldDef, Submittable } from "pg";
import { copyUnsupported, nothingToRun } from "./sql-errors.js";
import type { EncodedParameter } from "./sql-parameters.js";

/** Bytes of rows that wait to be taken; with more the socket is not read, and the server waits. */
const waitingBytesMax = 4 * 2 ** 20;

/** What of the driver's connection a portal speaks with. Source: pg's lib/connection.js. */
interface Wire extends EventEmitter {
  readonly stream: Duplex;
  parse(message: { text: string; types: readonly number[] }): void;
  bind(message: { values: readonly (string | Buffer | null)[] }): void;
  describe(message: { type: "P" }): void;
  execute(message: { rows: number }): void;
  flush(): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

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
  /** How many rows the server sends at first. 0: the rows are not wanted, and the statement is run to its end at once. */
  readonly rowsFirst: number;
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
 * One statement through the extended protocol, which takes no second one in the same text: its rows come as many at a time as are asked
 * for, and the statement ends with `finish`, which commits outside of a transaction block.
 */
export class Portal implements Submittable {
  readonly #options: PortalOptions;
  readonly #columns = Promise.withResolvers<readonly FieldDef[]>();
  readonly #ended = Promise.withResolvers<void>();
  #wire: Wire | undefined;
  #state: State = { kind: "running" };
  #rows: RawRow[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #synced = false;
  #copies = false;
  #onChange: (() => void) | undefined;

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

  /** Settles when the server is ready for another statement, or the connection is lost. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Waits for rows: those that were asked for last, or the part of them that has come. Asks for `rowsMax` more when there are none left. */
  async next(rowsMax: number): Promise<RawRows> {
    if (this.#state.kind === "suspended" && this.#rows.length === 0) this.#ask(rowsMax);
    this.#resume();
    while (this.#state.kind === "running" && !this.#isPaused) await this.#change();
    if (this.#state.kind === "failed") throw this.#state.error;
    const rows = this.#rows;
    this.#rows = [];
    this.#waitingBytes = 0;
    return { rows, isLast: this.#state.kind === "complete" };
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

  /** Called by the driver when it is this statement's turn. */
  submit(connection: unknown): void {
    const wire = connection as Wire;
    this.#wire = wire;
    const { sql, parameters, rowsFirst } = this.#options;
    const onNoData = () => this.#columns.resolve([]);
    const onCopyOut = () => {
      this.#copies = true;
    };
    const onEnded = () => {
      wire.off("noData", onNoData).off("copyOutResponse", onCopyOut).off("readyForQuery", onEnded).off("end", onEnded);
      this.#ended.resolve();
    };
    wire.on("noData", onNoData).on("copyOutResponse", onCopyOut).on("readyForQuery", onEnded).on("end", onEnded);
    wire.stream.cork();
    wire.parse({ text: sql, types: parameters.map(({ oid }) => oid) });
    wire.bind({ values: parameters.map(({ value }) => value) });
    wire.describe({ type: "P" });
    this.#ask(rowsFirst);
    wire.stream.uncork();
  }

  handleRowDescription({ fields }: { fields: readonly FieldDef[] }): void {
    this.#columns.resolve(fields);
  }

  handleDataRow({ fields, length }: { fields: RawRow; length: number }): void {
    if (this.#options.rowsFirst === 0) return;
    this.#rows.push(fields);
    this.#waitingBytes += length;
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
    // Its own listener tells, also after an error.
  }

  handleError(met: Error): void {
    const error = this.#copies ? copyUnsupported() : met;
    this.#become({ kind: "failed", error });
    this.#columns.reject(error);
    // After an error the server skips everything up to here.
    if (this.#wire?.stream.writable) this.#sync();
    else this.#ended.resolve();
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
    this.#wire!.stream.resume();
  }

  #sync(): void {
    if (this.#synced) return;
    this.#synced = true;
    this.#wire!.sync();
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
