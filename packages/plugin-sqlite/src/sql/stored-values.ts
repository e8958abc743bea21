import { parameterUnsupportedError, type SqlStatement, type SqlValue } from "@prism-data/pattern-sdk";
import type { StoredColumn, StoredStatement, StoredValue } from "./connection-messages.js";
import { readerOf } from "./declared-types.js";
import { isoOfMicros } from "./iso-times.js";

/** A statement with its parameters as SQLite stores them. Throws `INVALID_FIELD` for one that it cannot hold. */
export function storedStatement({ sql, parameters }: SqlStatement): StoredStatement {
  return { sql, parameters: parameters.map(storedValue) };
}

function storedValue(value: SqlValue, index: number): StoredValue {
  switch (value.kind) {
    case "null":
      return null;
    case "bool":
      return value.value ? 1n : 0n;
    case "double":
      if (Number.isNaN(value.value)) throw parameterUnsupportedError(index, "is NaN, which SQLite would store as NULL");
      return value.value;
    case "timestamp":
      return isoOfMicros(value.micros);
    case "array":
      throw parameterUnsupportedError(index, "is an array, which SQLite does not have");
    default:
      return value.value;
  }
}

/** Makes the rows of a result typed values. */
export function rowReaderOf(columns: readonly StoredColumn[]): (row: readonly StoredValue[]) => SqlValue[] {
  const readers = columns.map(({ type }) => readerOf(type));
  return (row) => row.map((value, index) => readers[index]!(value));
}
