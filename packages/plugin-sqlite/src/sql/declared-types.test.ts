import type { SqlValue } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import type { StoredValue } from "./connection-messages.js";
import { readerOf } from "./declared-types.js";

const uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

test.each<[type: string, stored: StoredValue, value: SqlValue]>([
  ["", 1n, { kind: "int64", value: 1n }],
  ["", 1, { kind: "double", value: 1 }],
  ["", "a", { kind: "text", value: "a" }],
  ["", null, { kind: "null" }],
  ["", Buffer.from("a"), { kind: "bytes", value: Buffer.from("a") }],
  ["BOOLEAN", 1n, { kind: "bool", value: true }],
  ["bool", 0n, { kind: "bool", value: false }],
  ["BOOLEAN", 2n, { kind: "int64", value: 2n }],
  ["BOOLEAN", "yes", { kind: "text", value: "yes" }],
  ["BOOLEAN", null, { kind: "null" }],
  ["DATE", "2026-02-28", { kind: "date", value: "2026-02-28" }],
  ["DATE", "2026-02-30", { kind: "text", value: "2026-02-30" }],
  ["DATE", 20_260_228n, { kind: "int64", value: 20_260_228n }],
  ["TIME", "23:59:59.5", { kind: "time", value: "23:59:59.5" }],
  ["TIME", "25:00:00", { kind: "text", value: "25:00:00" }],
  ["DATETIME", "2026-02-28 23:59:59", { kind: "local_timestamp", value: "2026-02-28T23:59:59" }],
  ["TIMESTAMP(6)", "2026-02-28T23:59:59.1", { kind: "local_timestamp", value: "2026-02-28T23:59:59.1" }],
  ["TIMESTAMP", "2026-02-28T23:59:59Z", { kind: "text", value: "2026-02-28T23:59:59Z" }],
  ["timestamp with time zone", "1970-01-01T00:00:01+00:00", { kind: "timestamp", micros: 1_000_000n }],
  ["TIMESTAMPTZ", "1970-01-01T00:00:00", { kind: "text", value: "1970-01-01T00:00:00" }],
  ["JSON", '{"a":1}', { kind: "json", value: '{"a":1}' }],
  ["JSON", "{", { kind: "text", value: "{" }],
  ["JSON", 1n, { kind: "int64", value: 1n }],
  ["UUID", uuid, { kind: "uuid", value: uuid }],
  ["UUID", uuid.toUpperCase(), { kind: "text", value: uuid.toUpperCase() }],
  ["VARCHAR(10)", "2026-02-28", { kind: "text", value: "2026-02-28" }],
  ["toString", "a", { kind: "text", value: "a" }],
])("in a column of type %s, %s is what its form says", (type, stored, value) => {
  expect(readerOf(type)(stored)).toEqual(value);
});
