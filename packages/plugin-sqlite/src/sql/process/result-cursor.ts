import type { ReadSize, ResultPart, StoredValue } from "../connection-messages.js";

/** What a value takes besides its text or bytes, roughly. */
const valueOverheadBytes = 16;

type Row = readonly StoredValue[];

/** A result that is read part by part. */
export class ResultCursor {
  readonly #rows: Iterator<Row>;

  constructor(rows: Iterator<Row>) {
    this.#rows = rows;
  }

  read(size: ReadSize): ResultPart {
    const rows: Row[] = [];
    let sizeBytes = 0;
    while (rows.length < size.rows && sizeBytes < size.bytes) {
      const { done, value } = this.#next();
      if (done) return { rows, done: true };
      rows.push(value);
      sizeBytes += bytesOf(value);
    }
    return { rows, done: false };
  }

  /** Makes every row, and keeps none. */
  readToEnd(): void {
    while (!this.#next().done);
  }

  /** Reads no further. */
  close(): void {
    this.#rows.return?.();
  }

  #next(): IteratorResult<Row> {
    try {
      return this.#rows.next();
    } catch (error) {
      // A statement that has failed is under way until it is told otherwise, and keeps its transaction from being committed.
      this.close();
      throw error;
    }
  }
}

function bytesOf(row: Row): number {
  let sizeBytes = 0;
  for (const value of row) {
    const isLong = typeof value === "string" || value instanceof Uint8Array;
    sizeBytes += valueOverheadBytes + (isLong ? value.length : 0);
  }
  return sizeBytes;
}
