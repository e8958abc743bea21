import { describe, expect, test } from "vitest";
import { SortedKeys } from "./sorted-keys.js";

/** Cover the borders of the order: one to four bytes of UTF-8, the last below and the first above the surrogates. */
const alphabet = [
  "\0",
  "%",
  "/",
  "0",
  "9",
  "_",
  "a",
  "z",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\u0800",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "😀",
];

/** A small linear congruential generator: the same keys on every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("SortedKeys agrees with a sorted set after random additions and removals", () => {
  test.each([1, 2, 3])("seed %i", (seed) => {
    const random = seeded(seed);
    const word = () => Array.from({ length: 1 + random(4) }, () => alphabet[random(alphabet.length)]).join("");
    const keys = new SortedKeys();
    const model = new Set<string>();
    const check = () => {
      const sorted = [...model].sort(byBytes);
      const start = word();
      expect([...keys.from("", false)]).toEqual(sorted);
      expect([...keys.from(start, false)]).toEqual(sorted.filter((key) => byBytes(key, start) >= 0));
      expect([...keys.from(start, true)]).toEqual(sorted.filter((key) => byBytes(key, start) > 0));
      for (const prefix of ["", ...alphabet, start]) {
        expect(keys.countPrefix(prefix)).toBe(sorted.filter((key) => key.startsWith(prefix)).length);
      }
    };
    for (const keysAimed of [3000, 10, 1500, 0, 600]) {
      for (let step = 0; step < 6000; step++) {
        const key = word();
        const shrink = model.size > keysAimed;
        if (model.has(key) && (shrink || random(3) === 0)) {
          model.delete(key);
          keys.delete(key);
        } else if (!model.has(key) && !shrink) {
          model.add(key);
          keys.add(key);
        }
      }
      for (const key of [...model].slice(keysAimed)) {
        model.delete(key);
        keys.delete(key);
      }
      check();
    }
    keys.clear();
    model.clear();
    check();
  });
});
