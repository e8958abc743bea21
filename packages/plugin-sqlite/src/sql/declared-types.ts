import type { SqlValue } from "@prism-data/pattern-sdk";
import type { StoredValue } from "./connection-messages.js";
import { isCalendarDate, microsOfIso } from "./iso-times.js";

type Reader = (value: StoredValue) => SqlValue;

/**
 * SQLite stores whole numbers, floating-point numbers, texts and bytes, in any column. What a column was declared as says more of a
 * value that has exactly the form of that type; any other value stays what it is.
 */
export function readerOf(declaredType: string): Reader {
  const type = declaredType
    .toUpperCase()
    .replace(/\s*\(.*\)/, "")
    .trim();
  const ofText = textReaders[type];
  if (ofText !== undefined)
    return (value) => (typeof value === "string" ? (ofText(value) ?? plain(value)) : plain(value));
  return type === "BOOLEAN" || type === "BOOL" ? bool : plain;
}

function plain(value: StoredValue): SqlValue {
  switch (typeof value) {
    case "bigint":
      return { kind: "int64", value };
    case "number":
      return { kind: "double", value };
    case "string":
      return { kind: "text", value };
    default:
      return value === null ? { kind: "null" } : { kind: "bytes", value };
  }
}

function bool(value: StoredValue): SqlValue {
  return value === 0n || value === 1n ? { kind: "bool", value: value === 1n } : plain(value);
}

type TextReader = (text: string) => SqlValue | undefined;

const timePattern = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?$/;
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const instant: TextReader = (text) => {
  const micros = microsOfIso(text);
  return micros === undefined ? undefined : { kind: "timestamp", micros };
};

const localTimestamp: TextReader = (text) => {
  const [date, time] = [text.slice(0, 10), text.slice(11)];
  const isOne = /^[T ]$/.test(text[10] ?? "") && isCalendarDate(date) && timePattern.test(time);
  return isOne ? { kind: "local_timestamp", value: `${date}T${time}` } : undefined;
};

const textReaders: Readonly<Record<string, TextReader>> = {
  DATE: (text) => (isCalendarDate(text) ? { kind: "date", value: text } : undefined),
  TIME: (text) => (timePattern.test(text) ? { kind: "time", value: text } : undefined),
  DATETIME: localTimestamp,
  TIMESTAMP: localTimestamp,
  TIMESTAMPTZ: instant,
  "TIMESTAMP WITH TIME ZONE": instant,
  JSON: (text) => (isJson(text) ? { kind: "json", value: text } : undefined),
  UUID: (text) => (uuidPattern.test(text) ? { kind: "uuid", value: text } : undefined),
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
