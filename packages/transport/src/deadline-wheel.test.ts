import { expect, test } from "vitest";
import { DeadlineWheel, type Expiring } from "./deadline-wheel.js";

function turnable() {
  const clock = { nowMs: 1_000_003 };
  const wheel = new DeadlineWheel(() => clock.nowMs);
  const fired: string[] = [];
  const entry = (name: string, inMs: number, onDeadline = () => {}): Expiring => ({
    deadlineMs: clock.nowMs + inMs,
    wheelNext: undefined,
    wheelPrevious: undefined,
    onDeadline() {
      fired.push(name);
      onDeadline();
    },
  });
  const pass = (ms: number) => {
    clock.nowMs += ms;
    wheel.advance();
  };
  return { wheel, fired, entry, pass };
}

test("an entry expires on time, never early and once", () => {
  const { wheel, fired, entry, pass } = turnable();
  wheel.add(entry("a", 25));
  pass(24);
  expect(fired).toEqual([]);
  pass(11);
  expect(fired).toEqual(["a"]);
  pass(20_000);
  expect(fired).toEqual(["a"]);
  expect(wheel.size).toBe(0);
});

test("an entry more than one turn away waits for its turn", () => {
  const { wheel, fired, entry, pass } = turnable();
  wheel.add(entry("hour", 3_600_000));
  wheel.add(entry("soon", 7_000));
  for (let second = 0; second < 3_599; second += 1) pass(1_000);
  expect(fired).toEqual(["soon"]);
  pass(1_020);
  expect(fired).toEqual(["soon", "hour"]);
});

test("a removed entry never expires, and removing it again does nothing", () => {
  const { wheel, fired, entry, pass } = turnable();
  const removed = entry("removed", 10);
  wheel.add(removed);
  wheel.add(entry("kept", 10));
  wheel.remove(removed);
  wheel.remove(removed);
  pass(30);
  expect(fired).toEqual(["kept"]);
});

test("an entry that is due already expires on the next tick", () => {
  const { wheel, fired, entry, pass } = turnable();
  wheel.add(entry("late", -50));
  pass(10);
  expect(fired).toEqual(["late"]);
});

test("everything due expires after the process was stopped for longer than a turn", () => {
  const { wheel, fired, entry, pass } = turnable();
  for (let inMs = 0; inMs < 20_000; inMs += 100) wheel.add(entry(String(inMs), inMs));
  pass(30_000);
  expect(fired).toHaveLength(200);
});

test("an expiry may remove its neighbours and add others", () => {
  const { wheel, fired, entry, pass } = turnable();
  const neighbours = [entry("b", 10), entry("c", 10)];
  const first = entry("a", 10, () => {
    for (const neighbour of neighbours) wheel.remove(neighbour);
    wheel.add(entry("next", 10));
  });
  for (const each of [...neighbours, first]) wheel.add(each);
  wheel.add(entry("d", 10));
  pass(20);
  expect(fired.toSorted()).toEqual(["a", "d"]);
  pass(20);
  expect(fired.toSorted()).toEqual(["a", "d", "next"]);
});
