/** Wakes whoever waits for something to happen, and forgets no ring: who has seen `rings` waits for the next one. */
export class Doorbell {
  readonly #waiting = new Set<() => void>();
  #rings = 0;

  /** How often it has rung. */
  get rings(): number {
    return this.#rings;
  }

  /** Wakes all who wait now. */
  ring(): void {
    this.#rings++;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits until it has rung more often than `seen`, `timeoutMs` have passed, or the signal is aborted. Never rejects. */
  rung(seen: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, timeoutMs);
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted || seen !== this.#rings) wake();
    return promise;
  }
}
