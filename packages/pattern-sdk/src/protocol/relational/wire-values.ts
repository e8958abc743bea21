import type { SqlColumn, SqlValue } from "../../patterns/relational/relational.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type * as wire from "../gen/prism/relational/v1/relational.js";

/** What a value of a fixed size, or the framing of any other, may take: tags, lengths, a Timestamp of 17 bytes. */
const valueOverheadBytesMax = 24;

export function wireColumn({ name, type }: SqlColumn): wire.Column {
  return { name, type };
}

export function wireRow(values: readonly SqlValue[]): wire.Row {
  return { values: values.map(wireValue) };
}

function wireValue(value: SqlValue): wire.Value {
  switch (value.kind) {
    case "null":
      return { kind: { $case: "null", value: true } };
    case "timestamp":
      return { kind: { $case: "timestamp", value: wireTimestamp(value.micros) } };
    case "local_timestamp":
      return { kind: { $case: "localTimestamp", value: value.value } };
    case "array":
      return { kind: { $case: "array", value: { elements: value.elements.map(wireValue) } } };
    default:
      // The names and forms of the other kinds are the same on both sides.
      return { kind: { $case: value.kind, value: value.value } as wire.Value["kind"] };
  }
}

/** A bound for what a row takes in a message, in bytes. */
export function rowBytesMax(values: readonly SqlValue[]): number {
  let sizeBytes = valueOverheadBytesMax;
  for (const value of values) sizeBytes += valueBytesMax(value);
  return sizeBytes;
}

function valueBytesMax(value: SqlValue): number {
  return value.kind === "array" ? rowBytesMax(value.elements) : valueOverheadBytesMax + contentBytes(value);
}

/** The bytes of texts and bytes in a value. */
export function contentBytes(value: SqlValue): number {
  if (value.kind === "array") return value.elements.reduce((sum, element) => sum + contentBytes(element), 0);
  if (!("value" in value)) return 0;
  if (typeof value.value === "string") return Buffer.byteLength(value.value);
  return value.value instanceof Uint8Array ? value.value.length : 0;
}

function wireTimestamp(micros: bigint): Timestamp {
  // Nanos count forward, also before the epoch.
  const restMicros = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: (micros - restMicros) / 1_000_000n, nanos: Number(restMicros) * 1_000 };
}
