import { describe, expect, test } from "vitest";
import { checkDeleteCondition, checkSetCondition, checkTransactCondition } from "./key-value-conditions.js";

const stored = { etag: "e1" };

describe("a set", () => {
  test.each([
    ["without a condition on a missing key", undefined, undefined],
    ["without a condition on a key that is there", undefined, stored],
    ["if absent on a missing key", { kind: "absent" }, undefined],
    ["with the key's etag", { kind: "etag", etag: "e1" }, stored],
  ] as const)("%s passes", (_, condition, current) => {
    expect(() => checkSetCondition({ key: "k", condition }, current)).not.toThrow();
  });

  test.each([
    ["if absent on a key that is there", { kind: "absent" }, stored, "KEY_EXISTS", { key: "k", current_etag: "e1" }],
    ["with another etag", { kind: "etag", etag: "e2" }, stored, "ETAG_MISMATCH", { key: "k", current_etag: "e1" }],
    ["with an etag on a missing key", { kind: "etag", etag: "e1" }, undefined, "ETAG_MISMATCH", { key: "k" }],
  ] as const)("%s is refused", (_, condition, current, reason, metadata) => {
    expect(() => checkSetCondition({ key: "k", condition }, current)).toThrow(
      expect.objectContaining({ reason, metadata }),
    );
  });
});

describe("a delete", () => {
  test.each([
    ["without an etag on a missing key", {}, undefined],
    ["without an etag on a key that is there", {}, stored],
    ["with the key's etag", { ifEtag: "e1" }, stored],
  ])("%s passes", (_, asked, current) => {
    expect(() => checkDeleteCondition({ key: "k", ...asked }, current)).not.toThrow();
  });

  test.each([
    ["another etag", stored, { key: "k", current_etag: "e1" }],
    ["an etag on a missing key", undefined, { key: "k" }],
  ])("with %s is refused", (_, current, metadata) => {
    expect(() => checkDeleteCondition({ key: "k", ifEtag: "e2" }, current)).toThrow(
      expect.objectContaining({ reason: "ETAG_MISMATCH", metadata }),
    );
  });
});

describe("a transaction", () => {
  test.each([
    ["a key that is there", { kind: "exists", key: "k", exists: true }, stored],
    ["a missing key", { kind: "exists", key: "k", exists: false }, undefined],
    ["an etag that the key has", { kind: "etag", key: "k", etag: "e1" }, stored],
  ] as const)("goes on with %s", (_, condition, current) => {
    expect(() => checkTransactCondition(7, condition, current)).not.toThrow();
  });

  test.each([
    ["a key that is missing", { kind: "exists", key: "k", exists: true }, undefined],
    ["a key that is there", { kind: "exists", key: "k", exists: false }, stored],
    ["another etag", { kind: "etag", key: "k", etag: "e2" }, stored],
    ["an etag on a missing key", { kind: "etag", key: "k", etag: "e2" }, undefined],
  ] as const)("is refused for %s, and says which condition it was", (_, condition, current) => {
    expect(() => checkTransactCondition(7, condition, current)).toThrow(
      expect.objectContaining({ reason: "CONDITION_FAILED", metadata: { index: "7", key: "k" } }),
    );
  });
});
