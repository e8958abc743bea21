import { describe, expect, test } from "vitest";
import { cleanHistory, decideRestart, type ProcessEnd, type RestartHistory } from "./restart-policy.js";

const failed: ProcessEnd = { phase: "starting" };
const served = (servedMs: number): ProcessEnd => ({ phase: "ready", servedMs, killed: false });
const killed = (servedMs: number): ProcessEnd => ({ phase: "ready", servedMs, killed: true });

/** Plays a series of ends with the largest jitter and tells what was decided after each. */
function play(ends: readonly { end: ProcessEnd; atMs: number }[]): { delays: number[]; loops: boolean[] } {
  let history: RestartHistory = cleanHistory;
  const delays: number[] = [];
  const loops: boolean[] = [];
  for (const { end, atMs } of ends) {
    const decision = decideRestart(history, end, atMs, () => 1);
    history = decision.history;
    delays.push(decision.delayMs);
    loops.push(decision.crashLoop);
  }
  return { delays, loops };
}

describe("decideRestart", () => {
  test("doubles the delay with each failed start, then probes", () => {
    const { delays, loops } = play([0, 100, 300, 700, 1_500, 31_500].map((atMs) => ({ end: failed, atMs })));
    expect(delays).toEqual([100, 200, 400, 800, 30_000, 30_000]);
    expect(loops).toEqual([false, false, false, false, true, true]);
  });

  test("lets the delay grow to 30 s when failed starts are far apart", () => {
    const { delays, loops } = play(Array.from({ length: 12 }, (_, index) => ({ end: failed, atMs: index * 61_000 })));
    expect(delays.at(-1)).toBe(30_000);
    expect(loops).not.toContain(true);
  });

  test("comes back after a first delay however often a serving process is killed", () => {
    const { delays, loops } = play(
      Array.from({ length: 20 }, (_, index) => ({ end: served(1_900), atMs: index * 2_000 })),
    );
    expect(new Set(delays)).toEqual(new Set([100]));
    expect(loops).not.toContain(true);
  });

  test("does not hold it against a process that it was killed as soon as it was ready", () => {
    const { delays, loops } = play(Array.from({ length: 20 }, (_, index) => ({ end: killed(1), atMs: index * 2_000 })));
    expect(new Set(delays)).toEqual(new Set([100]));
    expect(loops).not.toContain(true);
  });

  test("takes a process that ends by itself within a second of ready for a failed start", () => {
    const { loops } = play([0, 1, 2, 3, 4].map((atMs) => ({ end: served(999), atMs })));
    expect(loops.at(-1)).toBe(true);
  });

  test.each([
    { name: "does not count failed starts that are older than the window", gapMs: 20_000, loop: false },
    { name: "counts failed starts inside the window", gapMs: 10_000, loop: true },
  ])("$name", ({ gapMs, loop }) => {
    const { loops } = play(Array.from({ length: 5 }, (_, index) => ({ end: failed, atMs: index * gapMs })));
    expect(loops.at(-1)).toBe(loop);
  });

  test("keeps the growing delay when a process served only for a while", () => {
    const { delays } = play([
      { end: failed, atMs: 0 },
      { end: failed, atMs: 100 },
      { end: served(5_000), atMs: 6_000 },
      { end: failed, atMs: 7_000 },
    ]);
    expect(delays).toEqual([100, 200, 100, 400]);
  });

  test("forgets everything after a healthy minute", () => {
    const { delays } = play([
      { end: failed, atMs: 0 },
      { end: failed, atMs: 100 },
      { end: served(60_000), atMs: 61_000 },
      { end: failed, atMs: 62_000 },
    ]);
    expect(delays).toEqual([100, 200, 100, 100]);
  });

  test("leaves the crash loop when a probe serves", () => {
    const { delays, loops } = play([
      ...[0, 1, 2, 3, 4].map((atMs) => ({ end: failed, atMs })),
      { end: served(2_000), atMs: 40_000 },
      { end: failed, atMs: 41_000 },
    ]);
    expect(delays.slice(-2)).toEqual([100, 100]);
    expect(loops.slice(-3)).toEqual([true, false, false]);
  });
});
