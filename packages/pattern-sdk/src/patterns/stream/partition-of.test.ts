import { expect, test } from "vitest";
import { partitionOf } from "./partition-of.js";

/** The hashes that Kafka's own tests expect (`UtilsTest.testMurmur2`), as the partition of 2^31 that they choose. */
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("the key %j has the hash that Kafka gives it", (key, hash) => {
  expect(partitionOf(key, 2 ** 31)).toBe(hash & 0x7fffffff);
});

test("keys of several bytes per character are hashed by their bytes, and every partition is used", () => {
  const used = new Set(Array.from({ length: 200 }, (_, index) => partitionOf(`ключ ${index}`, 7)));
  expect([...used].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("the only partition is everybody's", () => {
  expect(["", "a", "😀"].map((key) => partitionOf(key, 1))).toEqual([0, 0, 0]);
});
