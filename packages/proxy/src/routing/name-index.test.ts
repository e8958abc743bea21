import { expect, test } from "vitest";
import { NameIndex } from "./name-index.js";

const names = ["a", "orders", "orderS", "x".repeat(127)];

function indexOf(...known: string[]) {
  const index = new NameIndex<{ name: string }>();
  for (const name of known) index.add({ name });
  return (bytes: Buffer, start = 0, end = bytes.length) => index.find(bytes, start, end)?.name;
}

test.each(names)("a name is found by its bytes alone, wherever they stand: %.8s", (name) => {
  const find = indexOf(...names);
  const bytes = Buffer.from(`<<${name}>>`);
  expect(find(bytes, 2, 2 + name.length)).toBe(name);
  expect(find(bytes, 1, 2 + name.length)).toBeUndefined();
  expect(find(bytes, 2, 3 + name.length)).toBeUndefined();
});

test("a name that is not ASCII is not taken for another, in whatever encoding it comes", () => {
  const find = indexOf("größe", "gr\u00c3\u00b6\u00c3\u009fe");
  expect(find(Buffer.from("größe"))).toBeUndefined();
  expect(find(Buffer.from("größe", "latin1"))).toBeUndefined();
});

test("of two names with the same hash the later one is found, and neither for the other", () => {
  // FNV-1a of both is the same.
  const find = indexOf("costarring", "liquid");
  expect(find(Buffer.from("costarring"))).toBeUndefined();
  expect(find(Buffer.from("liquid"))).toBe("liquid");
});
