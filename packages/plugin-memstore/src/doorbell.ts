/** Wakes whoever waits for something to happen. */
export class Doorbell {
  readonly #waiting = new Set<() => void>();

  /** Wakes all who wait now. */
  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits for the next ring, or until the signal is aborted. Never rejects. */
  rung(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    return promise;
  }
}
