import { parameterUnsupportedError, type SqlValue } from "@prism-data/pattern-sdk";
import { oidsOf } from "./sql-types.js";

/** A parameter as it travels. */
export interface EncodedParameter {
  /** Its type; 0: what the statement takes at its place. */
  readonly oid: number;
  /** Bytes in binary form, everything else as text. */
  readonly value: string | Buffer | null;
}

const microsPerSecond = 1_000_000n;
const microsPerMs = 1_000n;

/** The types that values are sent as; the others take the type that the statement has at their place. */
const typeNames: Partial<Record<SqlValue["kind"], string>> = {
  bool: "bool",
  int64: "int8",
  double: "float8",
  numeric: "numeric",
  bytes: "bytea",
  timestamp: "timestamptz",
  local_timestamp: "timestamp",
  date: "date",
  uuid: "uuid",
};

/** Encodes the parameters of a statement. Throws `INVALID_FIELD` for one that PostgreSQL has no form for. */
export function encodeParameters(parameters: readonly SqlValue[]): EncodedParameter[] {
  return parameters.map((parameter, index) => {
    if (hasNul(parameter)) throw parameterUnsupportedError(index, "PostgreSQL keeps no NUL characters in text");
    if (parameter.kind === "null") return { oid: 0, value: null };
    if (parameter.kind === "bytes") return { oid: oidsOf("bytea").oid, value: Buffer.from(parameter.value) };
    if (parameter.kind === "array")
      return { oid: arrayOidOf(parameter.elements), value: arrayText(parameter.elements) };
    return { oid: scalarOidOf(parameter), value: textOf(parameter) };
  });
}

function hasNul(value: SqlValue): boolean {
  if (value.kind === "array") return value.elements.some(hasNul);
  return "value" in value && typeof value.value === "string" && value.value.includes("\0");
}

function typeNameOf(value: SqlValue): string | undefined {
  if (value.kind !== "time") return typeNames[value.kind];
  return /[+-]/.test(value.value) ? "timetz" : "time";
}

function scalarOidOf(value: SqlValue): number {
  const name = typeNameOf(value);
  return name === undefined ? 0 : oidsOf(name).oid;
}

/** The type of the first element that is not NULL, which is that of all; texts are sent as text here, because an array must have a type. */
function arrayOidOf(elements: readonly SqlValue[]): number {
  const first = elements.find(({ kind }) => kind !== "null");
  if (first === undefined) return 0;
  if (first.kind === "array") return arrayOidOf(first.elements);
  const name = first.kind === "text" ? "text" : typeNameOf(first);
  return name === undefined ? 0 : oidsOf(name).arrayOid;
}

function arrayText(elements: readonly SqlValue[]): string {
  return `{${elements.map(elementText).join(",")}}`;
}

function elementText(element: SqlValue): string {
  if (element.kind === "null") return "NULL";
  if (element.kind === "array") return arrayText(element.elements);
  return `"${textOf(element).replace(/["\\]/g, "\\$&")}"`;
}

/** A value in PostgreSQL's text form. */
function textOf(value: Exclude<SqlValue, { kind: "null" | "array" }>): string {
  switch (value.kind) {
    case "bytes":
      return `\\x${Buffer.from(value.value.buffer, value.value.byteOffset, value.value.length).toString("hex")}`;
    case "timestamp":
      return timestampText(value.micros);
    default:
      return String(value.value);
  }
}

/** ISO 8601, with all digits of the microseconds. */
function timestampText(micros: bigint): string {
  const restMicros = ((micros % microsPerSecond) + microsPerSecond) % microsPerSecond;
  const seconds = new Date(Number((micros - restMicros) / microsPerMs))
    .toISOString()
    .slice(0, "0000-00-00T00:00:00".length);
  return `${seconds}.${String(restMicros).padStart(6, "0")}Z`;
}
