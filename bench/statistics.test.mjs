import { expect, test } from "vitest";
import { columnsOf, median, noiseOf, quantile, recordsOf } from "./statistics.mjs";

test.each([
  ["of an odd number of values is the middle one", [9, 1, 5], 5],
  ["of an even number of values is one that was measured", [4, 1, 3, 2], 2],
  ["of one value is that value", [7], 7],
])("the median %s", (_, values, expected) => {
  expect(median(values)).toBe(expected);
});

test("the 99th percentile of a hundred values is the last but one", () => {
  const sorted = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(quantile(sorted, 0.99)).toBe(99);
});

test("half as much and twice as much are as noisy", () => {
  expect(noiseOf([0.5])).toBeCloseTo(noiseOf([2]));
});

test("records come back from their columns", () => {
  const records = [
    { a: 1, b: 2 },
    { a: 3, b: 4 },
  ];
  expect(recordsOf(columnsOf(records))).toEqual(records);
});
