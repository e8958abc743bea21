import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionAge } from "./connection-age.js";

describe("the age of a connection (gRFC A9)", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What happened, and when. */
  function watch(random: number) {
    const events: [what: string, atMs: number][] = [];
    const startedMs = Date.now();
    const note = (what: string) => () => events.push([what, Date.now() - startedMs]);
    const options = { maxAgeMs: 1_000, graceMs: 50, onOld: note("old"), onOverdue: note("overdue") };
    const age = new ConnectionAge({ ...options, random: () => random });
    return { age, events };
  }

  test.each([
    ["a tenth before its maximum at the earliest", 0, 900],
    ["at its maximum on average", 0.5, 1_000],
    ["a tenth after its maximum at the latest", 1, 1_100],
  ])("is reached %s, and the grace begins then", (_, random, oldAtMs) => {
    const { events } = watch(random);
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([
      ["old", oldAtMs],
      ["overdue", oldAtMs + 50],
    ]);
  });

  test.each([
    ["before it is reached", 500, []],
    ["within the grace", 1_010, ["old"]],
  ])("means nothing for a connection that has ended %s", (_, endedAtMs, happened) => {
    const { age, events } = watch(0.5);
    vi.advanceTimersByTime(endedAtMs);
    age.stop();
    vi.advanceTimersByTime(10_000);
    expect(events.map(([what]) => what)).toEqual(happened);
  });
});
