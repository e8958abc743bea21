import type { relational } from "@prism-data/pattern-sdk/protocol";
import { printableText } from "../../printable-bytes.js";
import { base64 } from "../../proto-json.js";
import { rfc3339OfTimestamp } from "./instant.js";

/** A value for JSON: whole numbers and times are texts, bytes are base64, as in proto3 JSON. */
export function valueJson({ kind }: relational.Value): unknown {
  if (kind === undefined) return null;
  switch (kind.$case) {
    case "null":
      return null;
    case "int64":
      return String(kind.value);
    case "double":
      return Number.isFinite(kind.value) ? kind.value : String(kind.value);
    case "bytes":
      return base64(kind.value);
    case "timestamp":
      return rfc3339OfTimestamp(kind.value);
    case "array":
      return kind.value.elements.map(valueJson);
    default:
      return kind.value;
  }
}

/** A value for a cell of a table, on one line. */
export function cellText(value: relational.Value): string {
  const { kind } = value;
  if (kind?.$case === "bytes") return `\\x${Buffer.from(kind.value).toString("hex")}`;
  const json = valueJson(value);
  if (json === null) return "NULL";
  return printableText(typeof json === "object" ? JSON.stringify(json) : String(json));
}

/** The names that a row's values go by in JSON: those of the columns, with a number where a name stands more than once. */
export function keysOf(columns: readonly relational.Column[]): string[] {
  const counts = new Map<string, number>();
  return columns.map(({ name }) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}:${count}`;
  });
}
