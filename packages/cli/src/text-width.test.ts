import { expect, test } from "vitest";
import { cutText, textWidth } from "./text-width.js";

test.each([
  ["", 0],
  ["plain", 5],
  ["Björn", 5],
  ["Bjo\u0308rn", 5],
  ["東京", 4],
  ["👩‍👩‍👧", 2],
  ["ｆｕｌｌ", 8],
])("%j takes %d columns", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test.each([
  ["fits", 4, "fits"],
  ["does not", 5, "does…"],
  ["東京都", 5, "東京…"],
  ["東京都", 4, "東…"],
  ["👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"],
])("%j in %d columns is %j", (text, widthMax, cut) => {
  expect(cutText(text, widthMax)).toBe(cut);
});
