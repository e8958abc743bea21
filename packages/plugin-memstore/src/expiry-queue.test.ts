import { expect, test } from "vitest";
import { ExpiryQueue } from "./expiry-queue.js";
import { ManualClock } from "./testing/manual-clock.js";

function queueOfNames() {
  const clock = new ManualClock();
  const due: string[] = [];
  const queue = new ExpiryQueue<string>(clock, (name) => due.push(name));
  return { clock, due, queue, at: (ms: number) => clock.nowMs() + ms };
}

test("hands each item over once, at its time, the earliest first", () => {
  const { clock, due, queue, at } = queueOfNames();
  for (const delayMs of [30, 10, 20, 10]) queue.schedule(`after ${delayMs}`, at(delayMs));
  clock.advance(9);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due).toEqual(["after 10", "after 10"]);
  clock.advance(1_000);
  expect(due).toEqual(["after 10", "after 10", "after 20", "after 30"]);
  expect(clock.timers).toBe(0);
});

test("a cancelled item never comes, and the others keep their order", () => {
  const { clock, due, queue, at } = queueOfNames();
  const delays = Array.from({ length: 200 }, (_, index) => (index * 37) % 200);
  const scheduled = delays.map((delayMs) => queue.schedule(String(delayMs), at(delayMs)));
  for (const [index, one] of scheduled.entries()) if (index % 3 === 0) queue.cancel(one);
  for (const [index, one] of scheduled.entries()) if (index % 6 === 0) queue.cancel(one);
  clock.advance(1_000);
  const kept = delays.filter((_, index) => index % 3 !== 0).sort((a, b) => a - b);
  expect(due).toEqual(kept.map(String));
});

test("an item that is due ten years from now is waited for in several steps", () => {
  const { clock, due, queue, at } = queueOfNames();
  const tenYearsMs = 10 * 365 * 24 * 3_600_000;
  queue.schedule("late", at(tenYearsMs));
  clock.advance(tenYearsMs - 1);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due).toEqual(["late"]);
});

test("many items that are due at once are handed over in slices, so that calls get their turn between", () => {
  const clock = new ManualClock();
  const slices: number[] = [];
  let handedOver = 0;
  const counting = {
    nowMs: () => clock.nowMs(),
    startTimer: (run: () => void, delayMs: number) =>
      clock.startTimer(() => {
        const before = handedOver;
        run();
        slices.push(handedOver - before);
      }, delayMs),
  };
  const queue = new ExpiryQueue<number>(counting, () => {
    handedOver++;
  });
  for (let item = 0; item < 2_500; item++) queue.schedule(item, clock.nowMs() + 5);
  clock.advance(5);
  expect(slices).toEqual([1_000, 1_000, 500]);
});

test("clear forgets everything and leaves no timer", () => {
  const { clock, due, queue, at } = queueOfNames();
  const scheduled = queue.schedule("gone", at(5));
  queue.clear();
  queue.cancel(scheduled);
  expect(clock.timers).toBe(0);
  clock.advance(10);
  expect(due).toEqual([]);
});
