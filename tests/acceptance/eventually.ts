import { setTimeout as delay } from "node:timers/promises";

/** How often a condition is looked at. */
const pollEveryMs = 20;

/** Looks at the world until `look` gives something, and returns that. Throws after `withinMs` with what was awaited. */
export async function eventually<T>(
  what: string,
  withinMs: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const giveUpAtMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > giveUpAtMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(pollEveryMs);
  }
}
