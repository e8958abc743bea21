import { MinHeap, type Placed } from "@prism-data/pattern-sdk";
import type { Clock } from "./clock.js";

/** Removals per timer run: about a millisecond of work, so that many keys that expire at once do not hold up calls. */
const expiriesPerRunMax = 1_000;

/** setTimeout cannot wait longer (2^31 - 1 ms, 24.8 days); later expiries are looked at again then. */
export const timerDelayMsMax = 2 ** 31 - 1;

/** An item that waits for its time; its rank is when that is, in ms since the Unix epoch. */
export type Scheduled<T> = Placed<T>;

/**
 * Hands over each item once its time has come, whether or not anybody asks for it: a heap and one timer.
 *
 * Scheduling and cancelling are O(log n), and a cancelled item leaves nothing behind: a key that is rewritten a million times
 * with a time to live is in here once.
 */
export class ExpiryQueue<T> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #heap = new MinHeap<T>();
  #timer: { readonly dueAtMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  schedule(item: T, dueAtMs: number): Scheduled<T> {
    const scheduled = this.#heap.add(item, dueAtMs);
    if (scheduled.position === 0) this.#wakeAt(dueAtMs);
    return scheduled;
  }

  cancel(scheduled: Scheduled<T>): void {
    this.#heap.remove(scheduled);
  }

  /** Hands over what is due by `nowMs`, the earliest first, but no more than `itemsMax`. */
  takeDue(nowMs: number, itemsMax = Number.POSITIVE_INFINITY): void {
    for (let taken = 0; taken < itemsMax; taken++) {
      const { first } = this.#heap;
      if (first === undefined || first.rank > nowMs) return;
      this.#heap.remove(first);
      this.#onDue(first.item);
    }
  }

  /** Forgets all items and stops the timer. The queue can be used again. */
  clear(): void {
    this.#heap.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wakeAt(dueAtMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueAtMs <= dueAtMs) return;
    this.#timer?.cancel();
    const delayMs = Math.min(Math.max(dueAtMs - this.#clock.nowMs(), 0), timerDelayMsMax);
    this.#timer = { dueAtMs, cancel: this.#clock.startTimer(() => this.#wake(), delayMs) };
  }

  #wake(): void {
    this.#timer = undefined;
    this.takeDue(this.#clock.nowMs(), expiriesPerRunMax);
    const { first } = this.#heap;
    if (first !== undefined) this.#wakeAt(first.rank);
  }
}
