import { expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { HeldRequest } from "./held-request.js";

const bytes = (sizeBytes: number) => Buffer.alloc(sizeBytes);

test("a request is charged to one budget at a time, and to none once it is let go of", () => {
  const waiting = new ByteBudget(100);
  const retained = new ByteBudget(100);
  const held = new HeldRequest();
  held.add(bytes(10));
  expect(held.holdOn(waiting)).toBe(true);
  expect(held.add(bytes(20))).toBe(true);
  expect([waiting.takenBytes, retained.takenBytes]).toEqual([30, 0]);
  held.retain(retained, 100);
  expect([waiting.takenBytes, retained.takenBytes]).toEqual([0, 30]);
  held.addSent(bytes(5), 100);
  expect(retained.takenBytes).toBe(35);
  held.forget();
  expect([waiting.takenBytes, retained.takenBytes]).toEqual([0, 0]);
});

test("a request that finds no room to wait says so", () => {
  const held = new HeldRequest();
  held.add(bytes(10));
  expect(held.holdOn(new ByteBudget(9))).toBe(false);
});

test("a waiting request that outgrows its budget says so, and gives back what it took", () => {
  const waiting = new ByteBudget(15);
  const held = new HeldRequest();
  held.add(bytes(10));
  held.holdOn(waiting);
  expect(held.add(bytes(10))).toBe(false);
  held.forget();
  expect(waiting.takenBytes).toBe(0);
});

test.each([
  ["larger than is worth retaining", 9, new ByteBudget(100)],
  ["larger than what is left of the budget", 100, new ByteBudget(9)],
])("a request %s is not retained, which is no failure", (_name, sizeBytesMax, budget) => {
  const held = new HeldRequest();
  held.add(bytes(10));
  held.retain(budget, sizeBytesMax);
  expect(held).toMatchObject({ isComplete: false, hasUnsent: false });
  expect(budget.takenBytes).toBe(0);
});
