import { expect, test } from "vitest";
import { FairTurns, turnMs } from "./fair-turns.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Turns on a clock that only moves when work takes time. */
function turnsWithClock() {
  let nowMs = 0;
  const done: number[] = [];
  const turns = new FairTurns(() => nowMs);
  const run = (id: number, tookMs: number) =>
    turns.run({
      takeTurn() {
        nowMs += tookMs;
        done.push(id);
      },
    });
  return { run, done };
}

test("work that takes no time is done at once", () => {
  const { run, done } = turnsWithClock();
  for (let id = 0; id < 1000; id += 1) run(id, 0);
  expect(done).toHaveLength(1000);
});

test("work beyond a turn waits for the next, and stays in order", async () => {
  const { run, done } = turnsWithClock();
  for (let id = 0; id < 5; id += 1) run(id, turnMs / 2);
  expect(done).toEqual([0, 1]);
  await turn();
  run(5, 0);
  expect(done).toEqual([0, 1, 2, 3]);
  await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a turn that was not used up leaves nothing behind", async () => {
  const { run, done } = turnsWithClock();
  run(0, turnMs - 1);
  await turn();
  run(1, turnMs - 1);
  run(2, turnMs);
  expect(done).toEqual([0, 1, 2]);
});

test("the loop's other work gets its turn between", async () => {
  const done: number[] = [];
  const turns = new FairTurns(() => performance.now());
  for (let id = 0; id < 5; id += 1) {
    turns.run({
      takeTurn() {
        const endsAtMs = performance.now() + turnMs;
        while (performance.now() < endsAtMs);
        done.push(id);
      },
    });
  }
  // A turn takes longer than the shortest timer, so the timer is due before the second one has ended.
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(done.length).toBeLessThan(5);
  await expect.poll(() => done.length).toBe(5);
});
