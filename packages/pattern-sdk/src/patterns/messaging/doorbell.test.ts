import { expect, test, vi } from "vitest";
import { Doorbell } from "./doorbell.js";

const never = new AbortController().signal;

test("a ring wakes all who wait for it, and nobody misses one", async () => {
  const bell = new Doorbell();
  const seen = bell.rings;
  const waiting = [bell.rung(seen, never), bell.rung(seen, never)];
  bell.ring();
  await Promise.all(waiting);
  await bell.rung(seen, never);
  expect(bell.rings).toBe(seen + 1);
});

test("who waits is woken when its signal is aborted, before or after it began", async () => {
  const abort = new AbortController();
  const bell = new Doorbell();
  const waiting = bell.rung(bell.rings, abort.signal);
  abort.abort();
  await waiting;
  await bell.rung(bell.rings, abort.signal);
});

test("nobody waits longer than the poll", async () => {
  vi.useFakeTimers();
  try {
    const woken = vi.fn();
    const bell = new Doorbell({ pollMs: 200 });
    const waiting = bell.rung(bell.rings, never).then(woken);
    await vi.advanceTimersByTimeAsync(199);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(woken).toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
