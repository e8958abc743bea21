import { expect, test } from "vitest";
import { compareUtf8 } from "./utf8-order.js";

/** The borders of the order: one to four bytes of UTF-8, the last below and the first above the surrogates. */
const borders = ["\0", "a", "z", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "😀"];

test("strings are ordered as their UTF-8 bytes are", () => {
  const words = borders.flatMap((first) => ["", ...borders].map((second) => first + second));
  const wrong = words.flatMap((a) =>
    words.filter((b) => Math.sign(compareUtf8(a, b)) !== byBytes(a, b)).map((b) => [a, b]),
  );
  expect(wrong).toEqual([]);
});

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
