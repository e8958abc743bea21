import { GatewayError } from "../../errors.js";
import type { RowOutlet, SqlColumn, SqlValue } from "../../patterns/relational/relational.js";
import type * as wire from "../gen/prism/relational/v1/relational.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import { batchBytesMax } from "./relational-bounds.js";
import { rowBytesMax, wireColumn, wireRow } from "./wire-values.js";

/** Some rows of a result: what a response carries. */
export interface RowBatch {
  /** In the first batch only. */
  readonly columns: wire.Column[];
  readonly rows: wire.Row[];
  /** No more come. */
  readonly last: boolean;
}

/** Where batches go. */
export interface RowSenderOptions {
  readonly batchRows: number;
  /** Sends a batch; settles when the app takes the next. Rejects when the call has ended. */
  send(batch: RowBatch): Promise<void>;
}

/** Cuts the rows of one query into responses, at the pace of the app that reads them. */
export class RowSender implements RowOutlet {
  readonly batchRows: number;
  readonly #send: (batch: RowBatch) => Promise<void>;
  #columns: readonly SqlColumn[] = [];
  #unsentColumns: readonly SqlColumn[] | undefined = [];

  constructor({ batchRows, send }: RowSenderOptions) {
    this.batchRows = batchRows;
    this.#send = send;
  }

  columns(columns: readonly SqlColumn[]): void {
    this.#columns = columns;
    this.#unsentColumns = columns;
  }

  async rows(rows: readonly (readonly SqlValue[])[]): Promise<void> {
    let batch: wire.Row[] = [];
    let batchBytes = 0;
    for (const row of rows) {
      const sizeBytes = this.#checkedBytes(row);
      if (batch.length > 0 && (batch.length === this.batchRows || batchBytes + sizeBytes > batchBytesMax)) {
        await this.#pass(batch, false);
        batch = [];
        batchBytes = 0;
      }
      batch.push(wireRow(row));
      batchBytes += sizeBytes;
    }
    if (batch.length > 0) await this.#pass(batch, false);
  }

  /** Says that no more come, with the columns if no row has brought them. */
  async end(): Promise<void> {
    await this.#pass([], true);
  }

  /** Whether the app knows of the columns. */
  get hasSent(): boolean {
    return this.#unsentColumns === undefined;
  }

  #pass(rows: wire.Row[], last: boolean): Promise<void> {
    const columns = (this.#unsentColumns ?? []).map(wireColumn);
    this.#unsentColumns = undefined;
    return this.#send({ columns, rows, last });
  }

  #checkedBytes(row: readonly SqlValue[]): number {
    const { length } = this.#columns;
    if (row.length !== length) {
      throw new GatewayError(
        "INTERNAL",
        `The plugin gave a row of ${row.length} values for ${length} columns. This is a defect of the plugin.`,
      );
    }
    const sizeBytes = rowBytesMax(row);
    if (sizeBytes <= answerBytesMax) return sizeBytes;
    throw new GatewayError(
      "MESSAGE_TOO_LARGE",
      `A row of the result has more than the ${answerBytesMax} bytes that fit into one message. Select fewer columns, or parts of them.`,
    );
  }
}
