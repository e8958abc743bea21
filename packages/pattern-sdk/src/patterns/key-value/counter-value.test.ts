import { expect, test } from "vitest";
import { addToCounter } from "./counter-value.js";

test("a missing key counts as 0", () => {
  expect(addToCounter("k", undefined, -3n)).toBe(-3n);
});

test.each([
  ["0", 0n, 0n],
  ["9223372036854775806", 1n, 9_223_372_036_854_775_807n],
  ["-9223372036854775807", -1n, -9_223_372_036_854_775_808n],
  ["9007199254740993", 2n, 9_007_199_254_740_995n],
  ["-9223372036854775808", 9_223_372_036_854_775_807n, -1n],
])("%s plus %i is exact", (value, delta, sum) => {
  expect(addToCounter("k", Buffer.from(value), delta)).toBe(sum);
});

test.each([
  "",
  "abc",
  "1.5",
  " 1",
  "1\n",
  "+1",
  "01",
  "-0",
  "-",
  "١",
  "9223372036854775808",
  "-9223372036854775809",
  "1".repeat(100),
])("%j is no counter", (value) => {
  expect(() => addToCounter("k", Buffer.from(value), 1n)).toThrow(
    expect.objectContaining({ reason: "NOT_A_COUNTER", metadata: { key: "k" } }),
  );
});

test.each([
  ["9223372036854775807", 1n],
  ["-9223372036854775808", -1n],
  ["1", 9_223_372_036_854_775_807n],
])("%s plus %i leaves int64", (value, delta) => {
  expect(() => addToCounter("k", Buffer.from(value), delta)).toThrow(
    expect.objectContaining({ reason: "COUNTER_OVERFLOW", metadata: { key: "k" } }),
  );
});
