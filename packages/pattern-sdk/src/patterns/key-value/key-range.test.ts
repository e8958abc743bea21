import { expect, test } from "vitest";
import { type KeyRange, prefixRange, selectedRange } from "./key-range.js";
import type { ScanSelection } from "./key-value.js";

const has = ({ start, end }: KeyRange, key: string) =>
  Buffer.compare(Buffer.from(key), start) >= 0 && Buffer.compare(Buffer.from(key), end) < 0;

const keys = ["\0", "a", "a\0", "a:", "ab", "a\u{10ffff}", "b", "é", "e\u0301", "\u{10ffff}", "\u{10ffff}a"];

test.each(["", "a", "a:", "é", "e", "\u{10ffff}", "none"])(
  "the range of the prefix %j has the keys that start with it",
  (prefix) => {
    const range = prefixRange(prefix);
    expect(keys.filter((key) => has(range, key))).toEqual(keys.filter((key) => key.startsWith(prefix)));
  },
);

test.each<[string, ScanSelection, string | undefined, readonly string[]]>([
  ["a range leaves its end out", { kind: "range", start: "a", end: "ab" }, undefined, ["a", "a\0", "a:"]],
  ["an open range has everything", { kind: "range", start: "", end: "" }, undefined, keys],
  ["the next page begins after the last key", { kind: "prefix", prefix: "a" }, "a", ["a\0", "a:", "ab", "a\u{10ffff}"]],
])("%s", (_, selection, after, expected) => {
  const range = selectedRange(selection, after === undefined ? undefined : Buffer.from(after));
  expect(keys.filter((key) => has(range, key))).toEqual(expected);
});
