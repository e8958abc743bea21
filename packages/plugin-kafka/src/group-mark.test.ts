import { expect, test } from "vitest";
import { markOf, type Run, runsOf } from "./group-mark.js";

test.each<[string, Run[], string]>([
  ["nothing is nothing", [], ""],
  ["what was delivered has its count", [{ records: 12, state: 1 }], "12x1"],
  [
    "what was handled among it has none",
    [
      { records: 1, state: 2 },
      { records: 300, state: "handled" },
      { records: 4, state: 0 },
      { records: 1, state: 1_000 },
    ],
    "1x2 300 4x0 1x1000",
  ],
])("%s, and is read again as it was", (_, runs, mark) => {
  expect(markOf(runs)).toBe(mark);
  expect(runsOf(mark)).toEqual(runs);
});

test("what does not fit beside an offset is left out at the end", () => {
  const runs = Array.from(
    { length: 5_000 },
    (_, index): Run => ({ records: 1, state: index % 2 === 0 ? 1 : "handled" }),
  );
  const mark = markOf(runs);
  expect(mark.length).toBeLessThanOrEqual(4_000);
  const kept = runsOf(mark);
  expect(kept).toEqual(runs.slice(0, kept.length));
  expect(kept.length).toBeGreaterThan(1_000);
});

test.each([null, "", "prism-begun", "1x", "x1", "1  2", "-1", "1x2,3", "9".repeat(400)])(
  "what another wrote beside an offset, such as %j, says nothing",
  (mark) => {
    expect(runsOf(mark)).toEqual([]);
  },
);
