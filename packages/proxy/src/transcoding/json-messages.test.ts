import { descriptorSet, keyvalue } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { requestFromJson } from "./json-messages.js";
import { MethodRegistry } from "./method-registry.js";

const increment = new MethodRegistry([descriptorSet()]).find("/prism.keyvalue.v1.KeyValueService/Increment")!;
const deltaOf = (json: string) => keyvalue.IncrementRequest.decode(requestFromJson(increment, Buffer.from(json))).delta;

test.each([
  ["a number", '{"delta":-5}', -5n],
  ["a number beyond 2^53", '{"delta":9007199254740993}', 9_007_199_254_740_993n],
  ["the greatest", '{"delta":9223372036854775807}', 2n ** 63n - 1n],
  ["the least", '{"delta":-9223372036854775808}', -(2n ** 63n)],
  ["a string", '{"delta":"9223372036854775807"}', 2n ** 63n - 1n],
])("a 64-bit integer arrives as it was written: %s", (_name, json, delta) => {
  expect(deltaOf(json)).toBe(delta);
});

test.each([
  ["one that is too great", '{"delta":9223372036854775808}'],
  ["one with a fraction", '{"delta":1.5}'],
  ["hexadecimal digits", '{"delta":"0x10"}'],
  ["binary digits", '{"delta":"0b1"}'],
  ["an empty string", '{"delta":""}'],
  ["one with a space before it", '{"delta":" 1"}'],
])("a 64-bit integer is refused: %s", (_name, json) => {
  expect(() => deltaOf(json)).toThrow(/delta/);
});

test("a body that is not UTF-8 is refused, so that no two keys become one", () => {
  const body = Buffer.from('{"key":"u\xff"}', "latin1");
  expect(() => requestFromJson(increment, body)).toThrow(/not UTF-8/);
});
