import type { Clock } from "../clock.js";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly dueAtMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  startTimer(run: () => void, delayMs: number): () => void {
    const timer = { dueAtMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves the time without running a timer: what a busy event loop looks like. */
  stall(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** Moves the time and runs the timers that fall due on the way, in order. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let timer = this.#nextBy(endMs); timer !== undefined; timer = this.#nextBy(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueAtMs);
      timer.run();
    }
    this.#nowMs = endMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  #nextBy(endMs: number) {
    return [...this.#timers].filter((timer) => timer.dueAtMs <= endMs).sort((a, b) => a.dueAtMs - b.dueAtMs)[0];
  }
}
