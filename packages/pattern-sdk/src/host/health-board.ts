import type { BackendHealth } from "../plugin.js";

/** Where the backend reports its health, and where the proxy's Health streams wait for news. */
export class HealthBoard {
  #current: BackendHealth | undefined;
  readonly #waiting = new Set<() => void>();

  /** The last report. `undefined`: none yet. */
  get current(): BackendHealth | undefined {
    return this.#current;
  }

  report(health: BackendHealth): void {
    this.#current = health;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits for the next report, at most `timeoutMs`, and not longer than until `signal` is aborted. Never rejects. */
  news(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, timeoutMs);
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    return promise;
  }
}
