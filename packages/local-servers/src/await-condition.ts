import { setTimeout as delay } from "node:timers/promises";

const pollEveryMs = 20;

/** Looks again and again until `holds` says yes. Says whether it did in time. */
export async function awaitCondition(
  holds: () => boolean | Promise<boolean>,
  { withinMs, signal }: { readonly withinMs: number; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) return false;
    await delay(pollEveryMs, undefined, { signal });
  }
  return true;
}
