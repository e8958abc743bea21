import type { relational } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { parseParameter } from "./parameter.js";

type Kind = relational.Value["kind"];

test.each<[string, Kind]>([
  ["42", { $case: "int64", value: 42n }],
  ["-9223372036854775808", { $case: "int64", value: -(2n ** 63n) }],
  ["0042", { $case: "text", value: "0042" }],
  ["1.5", { $case: "double", value: 1.5 }],
  ["1e3", { $case: "double", value: 1_000 }],
  ["true", { $case: "bool", value: true }],
  ["null", { $case: "null", value: true }],
  ['"42"', { $case: "text", value: "42" }],
  ["Ada", { $case: "text", value: "Ada" }],
  ["", { $case: "text", value: "" }],
  ["'; DROP TABLE t; --", { $case: "text", value: "'; DROP TABLE t; --" }],
  ['{"a":1}', { $case: "json", value: '{"a":1}' }],
  ["text:42", { $case: "text", value: "42" }],
  ["text:", { $case: "text", value: "" }],
  ["int64:7", { $case: "int64", value: 7n }],
  ["double:7", { $case: "double", value: 7 }],
  ["double:NaN", { $case: "double", value: Number.NaN }],
  ["numeric:1.50", { $case: "numeric", value: "1.50" }],
  ["bytes:AP8=", { $case: "bytes", value: Buffer.of(0, 255) }],
  ["date:2026-01-31", { $case: "date", value: "2026-01-31" }],
  ["local_timestamp:2026-01-31T10:00:00", { $case: "localTimestamp", value: "2026-01-31T10:00:00" }],
  ["timestamp:1969-12-31T23:59:59.5Z", { $case: "timestamp", value: { seconds: -1n, nanos: 500_000_000 } }],
  ["timestamp:1970-01-01T02:00:00+02:00", { $case: "timestamp", value: { seconds: 0n, nanos: 0 } }],
  ["https://example.com", { $case: "text", value: "https://example.com" }],
  ["toString:x", { $case: "text", value: "toString:x" }],
])("%s is read as what it says", (text, kind) => {
  expect(parseParameter(text)).toEqual({ kind });
});

test("an array is read with its arrays", () => {
  const int = (value: bigint) => ({ kind: { $case: "int64", value } });
  const array = (...elements: unknown[]) => ({ kind: { $case: "array", value: { elements } } });
  expect(parseParameter("[[1, null], [2, 3]]")).toEqual(
    array(array(int(1n), { kind: { $case: "null", value: true } }), array(int(2n), int(3n))),
  );
});

test.each(["9223372036854775808", "int64:1.5", "double:", "bytes:%", "timestamp:yesterday", "[9007199254740993]"])(
  "%s is refused with what to write",
  (text) => {
    expect(() => parseParameter(text)).toThrow(text.split(":").at(-1));
  },
);
