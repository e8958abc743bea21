import { setTimeout as delay } from "node:timers/promises";
import { ConnectionError } from "./sql-errors.js";

/** How long is waited between two tries, in ms: another transaction's commit takes about the first, an app's transaction the last. */
const delayMs = { first: 1, max: 25 } as const;

export interface BusyRetryOptions {
  /** How long another transaction may be in the way. */
  readonly timeoutMs: number;
  /** Also try again when another transaction has changed what was read: right where nobody has seen that yet. */
  readonly whenOvertaken: boolean;
  readonly signal: AbortSignal;
}

/** Tries again while another transaction is in the way. */
export async function retryWhileBusy<T>(run: () => Promise<T>, options: BusyRetryOptions): Promise<T> {
  const { timeoutMs, whenOvertaken, signal } = options;
  const giveUpAtMs = performance.now() + timeoutMs;
  for (let waitMs: number = delayMs.first; ; waitMs = Math.min(waitMs * 2, delayMs.max)) {
    try {
      return await run();
    } catch (error) {
      const mayPass = error instanceof ConnectionError && (error.isBusy || (whenOvertaken && error.isOvertaken));
      if (!mayPass || performance.now() >= giveUpAtMs) throw error;
    }
    // Those who wait for the same transaction must not wake at the same time again and again.
    await delay(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
