import { descriptorSet } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { readFileRegistry } from "./file-registry.js";

test("a set is read once for as long as its bytes are kept", () => {
  const registry = readFileRegistry(descriptorSet());
  expect(registry.getService("prism.keyvalue.v1.KeyValueService")).toBeDefined();
  expect(readFileRegistry(descriptorSet())).toBe(registry);
});

test("sets of other bytes are read for themselves", () => {
  const copy = Uint8Array.from(descriptorSet());
  expect(readFileRegistry(copy)).not.toBe(readFileRegistry(descriptorSet()));
});

test.each([
  ["is no message", Buffer.from([0xff])],
  ["lacks a file that it imports", Buffer.from("0a120a07612e70726f746f1a07622e70726f746f", "hex")],
])("a set that %s is refused each time", (_name, set) => {
  expect(() => readFileRegistry(set)).toThrow();
  expect(() => readFileRegistry(set)).toThrow();
});
