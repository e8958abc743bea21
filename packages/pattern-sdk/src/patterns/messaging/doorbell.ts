/** The longest delay that a timer of Node.js takes, in ms: 24.8 days. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Wakes whoever waits for something to happen. No ring is missed: look at `rings`, then at the data, and then wait for more rings
 * than those.
 *
 * Where something may happen that nobody rings for, because another process does it, waiters wake by themselves every `pollMs`.
 */
export class Doorbell {
  readonly #pollMs: number;
  readonly #waiting = new Set<() => void>();
  #rings = 0;

  /** `pollMs`: the longest that anybody waits, in ms. Default: no bound. */
  constructor({ pollMs = Number.POSITIVE_INFINITY }: { readonly pollMs?: number } = {}) {
    this.#pollMs = Math.min(pollMs, timerMsMax);
  }

  /** How often it has rung. */
  get rings(): number {
    return this.#rings;
  }

  /** Wakes all who wait now. */
  ring(): void {
    this.#rings++;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits until it has rung more often than `seen`, `pollMs` have passed, or the signal is aborted. Never rejects. */
  rung(seen: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, this.#pollMs).unref();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted || seen !== this.#rings) wake();
    return promise;
  }
}
