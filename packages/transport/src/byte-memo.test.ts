import { expect, test } from "vitest";
import { ByteMemo } from "./byte-memo.js";

test("a value is found by its bytes wherever they stand, also when they have changed where they stood", () => {
  const memo = new ByteMemo<string>(10);
  const buffer = Buffer.from("..abc..");
  memo.set(buffer, 2, 5, "value");
  buffer.fill("x");
  expect(memo.get(Buffer.from("abc"), 0, 3)).toBe("value");
  expect(memo.get(buffer, 2, 5)).toBeUndefined();
});

test.each(["ab", "abcd", "abd", ""])("other bytes find nothing: %j", (other) => {
  const memo = new ByteMemo<string>(10);
  memo.set(Buffer.from("abc"), 0, 3, "value");
  expect(memo.get(Buffer.from(other), 0, other.length)).toBeUndefined();
});

test("bytes with the same hash are not taken for each other", () => {
  const memo = new ByteMemo<string>(10);
  const [one, other] = [Buffer.from("xcdcgeux"), Buffer.from("rghhdprx")];
  memo.set(one, 0, one.length, "one");
  expect(memo.get(other, 0, other.length)).toBeUndefined();
  memo.set(other, 0, other.length, "other");
  expect(memo.get(other, 0, other.length)).toBe("other");
  expect(memo.get(one, 0, one.length)).toBeUndefined();
});

test("a full memo begins anew", () => {
  const memo = new ByteMemo<number>(2);
  for (const [value, text] of ["a", "b", "c"].entries()) memo.set(Buffer.from(text), 0, 1, value);
  expect(["a", "b", "c"].map((text) => memo.get(Buffer.from(text), 0, 1))).toEqual([undefined, undefined, 2]);
});
