import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { busyCoreDefault, processesFor } from "./processes.js";
import { decideStep, noMemory, type Reading, type StepPolicy } from "./steps.js";

const policy: StepPolicy = { raiseAfter: 3, lowerAfter: 5, cooldownMs: 60_000, min: 1, max: 8 };
const intervalMs = 10_000;

const processesOf = (now: number, cores: number): Reading => processesFor(now, cores, busyCoreDefault);

/** What there is after each interval of a load, and the steps that were made. */
function follow(loads: readonly number[], readingOf: (now: number, load: number) => Reading, start = 1) {
  let [now, memory] = [start, noMemory];
  const steps: { readonly atMs: number; readonly from: number; readonly to: number }[] = [];
  for (const [index, load] of loads.entries()) {
    const atMs = index * intervalMs;
    const decision = decideStep(memory, readingOf(now, load), policy, atMs);
    memory = decision.memory;
    if (decision.to === undefined) continue;
    steps.push({ atMs, from: now, to: decision.to });
    now = decision.to;
  }
  return { now, steps };
}

const times = <T>(count: number, value: T) => new Array<T>(count).fill(value);

describe("a step", () => {
  const cases: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ["is not made for a load that fits", times(50, 0.5), []],
    ["is not made before the load was too high three times in a row", [2, 2, 0.5, 2, 2, 0.5], []],
    ["goes up to what every one of the three asked for", [9, 2, 5], [3]],
    ["goes up no further than allowed", times(3, 40), [8]],
    [
      "goes down after five intervals, to what the busiest of them asked for",
      [...times(3, 5), ...times(10, 0.9)],
      [8, 3],
    ],
    ["waits for the cooldown, and is made at once after it", [...times(3, 1), ...times(20, 4)], [2, 6]],
    ["down comes to one at last", [...times(3, 3), ...times(40, 0)], [5, 1]],
  ];
  test.each(cases)("%s", (_, loads, expected) => {
    expect(follow(loads, processesOf).steps.map(({ to }) => to)).toEqual(expected);
  });
});

test("whatever the load does, steps stay within the bounds and a cooldown apart", () => {
  const loads = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(loads, (all) => {
      const { steps } = follow(all, processesOf);
      for (const [index, { atMs, to }] of steps.entries()) {
        expect(to).toBeGreaterThanOrEqual(policy.min);
        expect(to).toBeLessThanOrEqual(policy.max);
        if (index > 0) expect(atMs - steps[index - 1]!.atMs).toBeGreaterThanOrEqual(policy.cooldownMs);
      }
    }),
  );
});

test("a load that swings by a quarter around its middle is never followed down again", () => {
  const noise = fc.array(fc.double({ min: 0.75, max: 1.25, noNaN: true }), { minLength: 100, maxLength: 100 });
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 5, noNaN: true }), noise, (middle, swings) => {
      const { steps } = follow(
        swings.map((swing) => middle * swing),
        processesOf,
      );
      expect(steps.filter(({ from, to }) => to < from)).toEqual([]);
    }),
  );
});

test("a load that stays has what it asks for, if that is within the bounds", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 5, noNaN: true }), fc.integer({ min: 1, max: 8 }), (load, start) => {
      const { now } = follow(times(60, load), processesOf, start);
      const { atLeast, atMost } = processesOf(now, load);
      expect(now).toBeGreaterThanOrEqual(Math.min(policy.max, atLeast));
      expect(now).toBeLessThanOrEqual(Math.max(policy.min, atMost));
    }),
  );
});
