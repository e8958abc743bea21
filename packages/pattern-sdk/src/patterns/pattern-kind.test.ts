import { expect, test } from "vitest";
import { keyValueKind } from "./key-value/key-value-kind.js";
import { type PatternKind, withIncluded } from "./pattern-kind.js";

test("what a capability includes is declared with it, in the order of the closed list", () => {
  expect(withIncluded(keyValueKind, ["watch", "ordered_scan", "ttl"])).toEqual([
    "ttl",
    "scan",
    "ordered_scan",
    "watch",
  ]);
});

test("a capability brings what its included ones include", () => {
  const chain: PatternKind = {
    ...keyValueKind,
    capabilities: ["a", "b", "c", "d"],
    promises: {
      a: { methods: [] },
      b: { methods: [], includes: ["a"] },
      c: { methods: [], includes: ["b"] },
      d: { methods: [] },
    },
  };
  expect(withIncluded(chain, ["c"])).toEqual(["a", "b", "c"]);
});

test("names that are not on the list are left out", () => {
  expect(withIncluded(keyValueKind, ["wings", "ttl", "constructor"])).toEqual(["ttl"]);
});
