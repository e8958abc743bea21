import type { relational } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { cellText, keysOf, valueJson } from "./value-forms.js";

type Kind = NonNullable<relational.Value["kind"]>;

const one: Kind = { $case: "int64", value: 1n };

test.each<[kind: Kind, json: unknown, cell: string]>([
  [{ $case: "null", value: true }, null, "NULL"],
  [{ $case: "bool", value: false }, false, "false"],
  [{ $case: "int64", value: 2n ** 63n - 1n }, "9223372036854775807", "9223372036854775807"],
  [{ $case: "double", value: 0.1 }, 0.1, "0.1"],
  [{ $case: "double", value: Number.NaN }, "NaN", "NaN"],
  [{ $case: "numeric", value: "1.50" }, "1.50", "1.50"],
  [{ $case: "text", value: "a\nb" }, "a\nb", "a\\nb"],
  [{ $case: "bytes", value: Buffer.of(0, 255) }, "AP8=", "\\x00ff"],
  [
    { $case: "timestamp", value: { seconds: 0n, nanos: 1_000 } },
    "1970-01-01T00:00:00.000001Z",
    "1970-01-01T00:00:00.000001Z",
  ],
  [{ $case: "date", value: "2026-01-31" }, "2026-01-31", "2026-01-31"],
  [{ $case: "array", value: { elements: [{ kind: one }] } }, ["1"], '["1"]'],
])("a value of the kind $$case is shown in JSON and in a table", (kind, json, cell) => {
  expect(valueJson({ kind })).toEqual(json);
  expect(cellText({ kind })).toBe(cell);
});

test("names that repeat are numbered", () => {
  expect(keysOf(["a", "b", "a", "a"].map((name) => ({ name, type: "" })))).toEqual(["a", "b", "a:2", "a:3"]);
});
