import { AssertionError } from "node:assert";
import { setTimeout as pause } from "node:timers/promises";

/** How often a condition is looked at: often enough to measure tens of ms, seldom enough to leave the CPU to the subject. */
const pollIntervalMs = 5;

/** How long a condition that should hold soon may take on a busy machine. */
export const eventuallyMs = 10_000;

/**
 * Waits until `check` returns something other than `undefined` or `false`, and returns that. Throws an `AssertionError` that
 * names `what` when it does not within `withinMs`.
 */
export async function eventually<T>(
  what: string,
  check: () => T | false | undefined | PromiseLike<T | false | undefined>,
  withinMs = eventuallyMs,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= deadlineMs) throw new AssertionError({ message: `not within ${withinMs} ms: ${what}` });
    await pause(pollIntervalMs);
  }
}
