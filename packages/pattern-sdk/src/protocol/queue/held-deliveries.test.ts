import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HeldDeliveries } from "./held-deliveries.js";
import { deliveryOf } from "./tiny-queue.fixture.js";

const noSignal = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function heldTwo(): HeldDeliveries {
  const held = new HeldDeliveries({ messages: 2, bytes: 1_000 });
  held.add("1", deliveryOf("a", 100), 5_000);
  held.add("2", deliveryOf("b", 300), 60_000);
  return held;
}

test("room is what is not held, and comes back with what is removed", async () => {
  const held = heldTwo();
  expect(held.add("3", deliveryOf("c"), 60_000)).toBe(false);
  const room = held.room(1, noSignal);
  held.remove("2");
  held.remove("2");
  expect(await room).toEqual({ items: 1, bytes: 900 });
  expect(held.deliveryIds).toEqual(["a"]);
});

test("room for more bytes than there are is waited for until nothing is held", async () => {
  const held = heldTwo();
  let isThere = false;
  const room = held.room(2_000, noSignal).then((found) => {
    isThere = true;
    return found;
  });
  held.remove("1");
  await vi.advanceTimersByTimeAsync(1);
  expect(isThere).toBe(false);
  held.remove("2");
  expect(await room).toEqual({ items: 2, bytes: 1_000 });
});

test("a delivery whose lease has ended is not held any more, as soon as somebody waits for room", async () => {
  const held = heldTwo();
  const room = held.room(1, noSignal);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await room).toEqual({ items: 1, bytes: 700 });
});

test("a delivery that was extended is held for longer", async () => {
  const held = heldTwo();
  held.extend("1", 600_000);
  const room = held.room(1, noSignal);
  await vi.advanceTimersByTimeAsync(61_000);
  await room;
  expect(held.deliveryIds).toEqual(["a"]);
});

test("whoever waits for room stops with the signal, and leaves no timer", async () => {
  const held = heldTwo();
  const leaving = new AbortController();
  const room = held.room(1, leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(room).rejects.toThrow("gone");
  expect(vi.getTimerCount()).toBe(0);
});
