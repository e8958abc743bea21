import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { changedByMask } from "./field-mask.js";

const before = { pattern: "queue", timeout: "5s", limits: { burst: 3, calls_per_second: 2 } };

test.each([
  ["one key", { timeout: "9s", pattern: "stream" }, ["declaration.timeout"], { ...before, timeout: "9s" }],
  [
    "a key inside",
    { limits: { burst: 9 } },
    ["declaration.limits.burst"],
    { ...before, limits: { burst: 9, calls_per_second: 2 } },
  ],
  ["a key that was not there", { options: { a: 1 } }, ["declaration.options.a"], { ...before, options: { a: 1 } }],
  ["a key that is not given: it goes", {}, ["declaration.timeout"], { pattern: "queue", limits: before.limits }],
  ["nothing: every key that is given", { timeout: "9s" }, [], { ...before, timeout: "9s" }],
  ["everything", { pattern: "stream" }, ["*"], { pattern: "stream" }],
  ["the declaration", { pattern: "stream" }, ["declaration"], { pattern: "stream" }],
])("a mask names %s", (_name, given, mask, expected) => {
  expect(changedByMask(before, given, mask)).toEqual(expected);
});

test.each(["name", "etag", "declaration.", "declaration.__proto__.x", "timeout"])("%j cannot be changed", (path) => {
  expect(() => changedByMask(before, {}, [path])).toThrow(GatewayError);
});
