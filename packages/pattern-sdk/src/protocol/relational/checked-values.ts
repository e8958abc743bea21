import type { SqlValue } from "../../patterns/relational/relational.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type * as wire from "../gen/prism/relational/v1/relational.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import { invalidField } from "../pattern/checked-fields.js";
import { isDate, isLocalTimestamp, isTime } from "./date-texts.js";
import { arrayElementsMax } from "./relational-bounds.js";
import type { BoundRelational } from "./relational-method.js";

type WireKind = NonNullable<wire.Value["kind"]>;
type KindOf<Case extends WireKind["$case"]> = Extract<WireKind, { readonly $case: Case }>;

/** The first and the last second that a Timestamp can hold: those of the years 1 and 9999. */
const timestampSeconds = { min: -62_135_596_800n, max: 253_402_300_799n } as const;

const numericPattern = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,5})?|NaN|-?Infinity)$/;
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Turns a parameter into the author's, checked. `path` is that of the value, such as `statement.parameters[3]`. */
export function checkedValue(bound: BoundRelational, { kind }: wire.Value, path: string): SqlValue {
  if (kind === undefined) throw invalidField(path, "has no kind; NULL is null: true");
  switch (kind.$case) {
    case "null":
      if (!kind.value) throw invalidField(`${path}.null`, "must be true when it is set");
      return { kind: "null" };
    case "numeric":
      requireCapability(bound, "decimals", `The field ${path}.numeric`);
      return textual("numeric", kind.value, numericPattern.test(kind.value), `${path}.numeric`);
    case "timestamp":
      return { kind: "timestamp", micros: checkedMicros(kind.value, `${path}.timestamp`) };
    case "localTimestamp":
      return textual("local_timestamp", kind.value, isLocalTimestamp(kind.value), `${path}.local_timestamp`);
    case "date":
      return textual("date", kind.value, isDate(kind.value), `${path}.date`);
    case "time":
      return textual("time", kind.value, isTime(kind.value), `${path}.time`);
    case "json":
      return textual("json", kind.value, isJson(kind.value), `${path}.json`);
    case "uuid":
      return textual("uuid", kind.value, uuidPattern.test(kind.value), `${path}.uuid`);
    case "array":
      requireCapability(bound, "arrays", `The field ${path}.array`);
      return checkedArray(bound, kind, `${path}.array`);
    default:
      // The names and forms of the other kinds are the same on both sides.
      return { kind: kind.$case, value: kind.value } as SqlValue;
  }
}

const forms = {
  numeric: "a decimal number such as -12.340, NaN or Infinity",
  local_timestamp: "a date and time such as 2026-02-28T23:59:59.123456, without a zone",
  date: "a date such as 2026-02-28",
  time: "a time of day such as 23:59:59.123456, with an offset such as +02:00 if it has one",
  json: "a JSON text",
  uuid: "a UUID in lower case with dashes",
} as const;

function textual(kind: keyof typeof forms, value: string, isValid: boolean, field: string): SqlValue {
  if (!isValid) throw invalidField(field, `must be ${forms[kind]}`);
  return { kind, value };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Microseconds since the Unix epoch of a Timestamp of the years 1 to 9999. */
function checkedMicros({ seconds, nanos }: Timestamp, field: string): bigint {
  const { min, max } = timestampSeconds;
  if (seconds < min || seconds > max || nanos < 0 || nanos > 999_999_999) {
    throw invalidField(field, "must be a time of the years 1 to 9999 with nanos from 0 to 999999999");
  }
  if (nanos % 1_000 !== 0) throw invalidField(field, "must be whole microseconds");
  return seconds * 1_000_000n + BigInt(nanos / 1_000);
}

function checkedArray(bound: BoundRelational, { value }: KindOf<"array">, path: string): SqlValue {
  if (value.elements.length > arrayElementsMax) {
    throw invalidField(path, `has ${value.elements.length} elements; at most ${arrayElementsMax} are allowed`);
  }
  const elements = value.elements.map((element, index) => checkedValue(bound, element, `${path}.elements[${index}]`));
  const first = firstGiven(elements);
  const odd = elements.findIndex((element) => !areAlike(element, first));
  if (odd === -1) return { kind: "array", elements };
  throw invalidField(
    `${path}.elements[${odd}]`,
    "must be of the same kind as the other elements; arrays, of one length",
  );
}

function firstGiven(elements: readonly SqlValue[]): SqlValue {
  return elements.find(({ kind }) => kind !== "null") ?? { kind: "null" };
}

/** Whether two values may be elements of one array. NULL may stand for any element that is no array. */
function areAlike(one: SqlValue, other: SqlValue): boolean {
  if (one.kind === "array" && other.kind === "array") {
    const areAsLong = one.elements.length === other.elements.length;
    return areAsLong && areAlike(firstGiven(one.elements), firstGiven(other.elements));
  }
  if (one.kind === "array" || other.kind === "array") return false;
  return one.kind === other.kind || one.kind === "null" || other.kind === "null";
}
