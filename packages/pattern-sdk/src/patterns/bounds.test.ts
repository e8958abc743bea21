import { expect, test } from "vitest";
import { boundsOf, limitProblems, namedBounds } from "./bounds.js";
import { keyValueKind } from "./key-value/key-value-kind.js";

test("a limit that a plugin does not set has its default", () => {
  expect(boundsOf(keyValueKind, { ttlGrainMs: 10 })).toEqual({ valueBytesMax: 3_145_728, ttlGrainMs: 10 });
  expect(boundsOf(keyValueKind, undefined)).toEqual({ valueBytesMax: 3_145_728, ttlGrainMs: 1 });
});

test("bounds are named on the wire as configuration names things", () => {
  expect(namedBounds(boundsOf(keyValueKind, {}))).toEqual({ value_bytes_max: 3_145_728, ttl_grain_ms: 1 });
});

test.each([
  ["nothing", {}, []],
  ["a limit that is left out", { valueBytesMax: undefined }, []],
  ["the largest", { valueBytesMax: 3_145_728 }, []],
  ["too much", { valueBytesMax: 3_145_729 }, ["limits.valueBytesMax must be a whole number from 1 to 3145728"]],
  ["too little", { ttlGrainMs: 0 }, ["limits.ttlGrainMs must be a whole number of at least 1"]],
  ["a text", { ttlGrainMs: "1" }, ["limits.ttlGrainMs must be a whole number of at least 1"]],
  ["an unknown one", { wings: 2 }, ["limits.wings is not known; known: valueBytesMax, ttlGrainMs"]],
])("of limits, %s is judged by the pattern's ranges", (_, limits, problems) => {
  expect([...limitProblems(keyValueKind, limits)]).toEqual(problems);
});
