import type { relational } from "@prism-data/pattern-sdk/protocol";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { timestampOfRfc3339 } from "./instant.js";

type Kind = NonNullable<relational.Value["kind"]>;

const int64Range = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;

/** By the names of the proto file. */
const kinds: Readonly<Record<string, (text: string) => Kind>> = {
  bytes: (text) => ({ $case: "bytes", value: bytesOf(text) }),
  date: (value) => ({ $case: "date", value }),
  double: (text) => ({ $case: "double", value: doubleOf(text) }),
  int64: (text) => ({ $case: "int64", value: int64Of(text) }),
  json: (value) => ({ $case: "json", value }),
  local_timestamp: (value) => ({ $case: "localTimestamp", value }),
  numeric: (value) => ({ $case: "numeric", value }),
  other: (value) => ({ $case: "other", value }),
  text: (value) => ({ $case: "text", value }),
  time: (value) => ({ $case: "time", value }),
  timestamp: (text) => ({ $case: "timestamp", value: timestampOf(text) }),
  uuid: (value) => ({ $case: "uuid", value }),
};

/** Reads a parameter from the command line: JSON, KIND:VALUE, or a text. */
export function parseParameter(text: string): relational.Value {
  return { kind: kindOf(text) };
}

function kindOf(text: string): Kind {
  const [, name, value] = /^([a-z0-9_]+):(.*)$/s.exec(text) ?? [];
  const make = name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  return make?.(value!) ?? jsonKind(text) ?? { $case: "text", value: text };
}

/** `undefined`: the text is no JSON. */
function jsonKind(text: string): Kind | undefined {
  // JavaScript's numbers hold only some of the whole ones.
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) return { $case: "int64", value: int64Of(text) };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) return arrayOf(text, value);
  if (typeof value === "string") return { $case: "text", value };
  if (typeof value === "number") return { $case: "double", value };
  if (typeof value === "boolean") return { $case: "bool", value };
  return value === null ? { $case: "null", value: true } : { $case: "json", value: text };
}

function arrayOf(text: string, elements: readonly unknown[]): Kind {
  const isExact = elements.flat(Number.POSITIVE_INFINITY).every((one) => !isRounded(one));
  if (!isExact) throw wrong(text, "write whole numbers beyond 2^53 into an array of texts, or send them by a program");
  return { $case: "array", value: { elements: elements.map((one) => ({ kind: kindOfElement(one) })) } };
}

function kindOfElement(element: unknown): Kind {
  const text = JSON.stringify(element);
  return jsonKind(text) ?? { $case: "text", value: text };
}

function isRounded(element: unknown): boolean {
  return typeof element === "number" && Number.isInteger(element) && !Number.isSafeInteger(element);
}

function int64Of(text: string): bigint {
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && value >= int64Range.min && value <= int64Range.max) return value;
  throw wrong(text, "is no whole number of 64 bits; write numeric:… for a larger one");
}

function doubleOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && (!Number.isNaN(value) || text === "NaN")) return value;
  throw wrong(text, "is no number; write 1.5, -1e300, NaN or Infinity");
}

function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, "")) return bytes;
  throw wrong(text, "is no base64");
}

function timestampOf(text: string) {
  const time = timestampOfRfc3339(text);
  if (time !== undefined) return time;
  throw wrong(text, "is no time; write 2026-01-31T10:00:00Z, with at most 6 digits behind the seconds");
}

function wrong(text: string, what: string): CommandFailure {
  return new CommandFailure(ExitCode.usage, `the parameter ${JSON.stringify(text)} ${what}`);
}
