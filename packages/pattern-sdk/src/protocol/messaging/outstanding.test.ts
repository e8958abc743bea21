import { expect, test } from "vitest";
import { Outstanding } from "./outstanding.js";

test("messages are counted up to the bound, and there is room again for what is given back", () => {
  const outstanding = new Outstanding({ messages: 2, bytes: 100 });
  expect(outstanding.room).toEqual({ items: 2, bytes: 100 });
  expect([outstanding.add(10), outstanding.add(20), outstanding.add(1)]).toEqual([true, true, false]);
  expect(outstanding.room).toBeUndefined();
  outstanding.remove(20);
  expect(outstanding.room).toEqual({ items: 1, bytes: 90 });
});

test("bytes are counted up to the bound", () => {
  const outstanding = new Outstanding({ messages: 10, bytes: 100 });
  expect([outstanding.add(60), outstanding.add(41), outstanding.add(40)]).toEqual([true, false, true]);
  expect(outstanding.room).toBeUndefined();
});

test("a message that is larger than the bound is held alone", () => {
  const outstanding = new Outstanding({ messages: 10, bytes: 100 });
  expect([outstanding.add(1), outstanding.add(500)]).toEqual([true, false]);
  outstanding.remove(1);
  expect([outstanding.add(500), outstanding.add(1)]).toEqual([true, false]);
  expect(outstanding.room).toBeUndefined();
  outstanding.remove(500);
  expect(outstanding.room).toEqual({ items: 10, bytes: 100 });
});
