import { expect, test } from "vitest";
import { changedParts } from "./changed-parts.js";

test("keys and values are read as prism.yaml has them", () => {
  const set = ["timeout=2s", "limits.calls_per_second=500", "needs=[ttl, scan]", "durability=disk"];
  expect(changedParts({ set, unset: ["options.partitions"] })).toEqual([
    { keys: ["timeout"], value: "2s" },
    { keys: ["limits", "calls_per_second"], value: 500 },
    { keys: ["needs"], value: ["ttl", "scan"] },
    { keys: ["durability"], value: "disk" },
    { keys: ["options", "partitions"], value: undefined },
  ]);
});

test.each([
  ["no value", ["timeout"], [], "takes key=value"],
  ["an empty value", ["timeout="], [], "--unset"],
  ["no key", ["=2s"], [], "takes key=value"],
  ["a key that none is", ["a b=2s"], [], "is no key"],
  ["a key that would lead elsewhere", ["__proto__.x=1", "Timeout=1"], [], "is no key"],
  ["a value that is no YAML", ["needs=[ttl"], [], "is not YAML"],
  ["a key twice", ["timeout=1s", "timeout=2s"], [], "timeout is to be changed twice"],
  ["a key and a part of it", ["limits.burst=5"], ["limits"], "limits is to be changed twice"],
])("%s is refused", (_, set, unset, message) => {
  expect(() => changedParts({ set, unset })).toThrow(message);
});
