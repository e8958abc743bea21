import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { frameMessage } from "@prism-data/transport";
import { expect, test } from "vitest";
import { fieldHash, namespaceHash } from "./order-hash.js";

const expire = (key: string, namespace = "demo") =>
  frameMessage(keyvalue.PersistRequest.encode({ namespace, key }).finish());

test("the same key has the same hash, whatever else is in the request", () => {
  const set = { ...keyvalue.SetRequest.decode(new Uint8Array()), namespace: "demo", key: "k", value: Buffer.from("v") };
  const hash = fieldHash("demo", frameMessage(keyvalue.SetRequest.encode(set).finish()));
  expect(hash).toBe(fieldHash("demo", expire("k")));
});

test.each([
  ["one letter", "a"],
  ["127 bytes", "a".repeat(127)],
  ["128 bytes", "a".repeat(128)],
  ["the longest", "a".repeat(1_024)],
  ["not ASCII", "größe"],
])("a key of %s tells calls apart", (_name, key) => {
  const hash = fieldHash("demo", expire(key));
  expect(hash).toBe(fieldHash("demo", expire(key)));
  for (const other of [`${key.slice(0, -1)}b`, `${key}a`]) expect(fieldHash("demo", expire(other))).not.toBe(hash);
  expect(fieldHash("other", expire(key, "other"))).not.toBe(hash);
  expect(hash).not.toBe(namespaceHash("demo"));
});

test.each([
  ["nothing has come", undefined],
  ["only the prefix has come", expire("k").subarray(0, 5)],
  ["the namespace is cut off", expire("k").subarray(0, 9)],
  ["the key is cut off", expire("key").subarray(0, -1)],
  ["the length of the key is cut off", expire("a".repeat(200)).subarray(0, 13)],
  ["the key comes before the namespace", Buffer.from([0, 0, 0, 0, 9, 0x12, 1, 0x6b, 0x0a, 4, 0x64, 0x65, 0x6d, 0x6f])],
])("where %s, the namespace stands for the key", (_name, start) => {
  expect(fieldHash("demo", start)).toBe(namespaceHash("demo"));
});
