import type { Clock } from "./clock.js";

/** Removals per timer run: about a millisecond of work, so that many keys that expire at once do not hold up calls. */
const expiriesPerRunMax = 1_000;

/** setTimeout cannot wait longer (2^31 - 1 ms, 24.8 days); later expiries are looked at again then. */
export const timerDelayMsMax = 2 ** 31 - 1;

/** An item that waits for its time. */
export interface Scheduled<T> {
  readonly item: T;
  readonly dueAtMs: number;
  /** Its place in the queue's heap; -1 when it is in no queue. Written by the queue only. */
  position: number;
}

/**
 * Hands over each item once its time has come, whether or not anybody asks for it: a binary heap and one timer.
 *
 * Scheduling and cancelling are O(log n), and a cancelled item leaves nothing behind: a key that is rewritten a million times
 * with a time to live is in here once.
 */
export class ExpiryQueue<T> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #heap: Scheduled<T>[] = [];
  #timer: { readonly dueAtMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  schedule(item: T, dueAtMs: number): Scheduled<T> {
    const scheduled: Scheduled<T> = { item, dueAtMs, position: this.#heap.length };
    this.#heap.push(scheduled);
    this.#siftUp(scheduled);
    if (scheduled.position === 0) this.#wakeAt(dueAtMs);
    return scheduled;
  }

  cancel(scheduled: Scheduled<T>): void {
    const { position } = scheduled;
    if (position < 0) return;
    const last = this.#heap.pop()!;
    scheduled.position = -1;
    if (last === scheduled) return;
    this.#place(last, position);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  /** Hands over what is due by `nowMs`, the earliest first, but no more than `itemsMax`. */
  takeDue(nowMs: number, itemsMax = Number.POSITIVE_INFINITY): void {
    for (let taken = 0; taken < itemsMax; taken++) {
      const first = this.#heap[0];
      if (first === undefined || first.dueAtMs > nowMs) return;
      this.cancel(first);
      this.#onDue(first.item);
    }
  }

  /** Forgets all items and stops the timer. The queue can be used again. */
  clear(): void {
    for (const scheduled of this.#heap) scheduled.position = -1;
    this.#heap.length = 0;
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
    const next = this.#heap[0];
    if (next !== undefined) this.#wakeAt(next.dueAtMs);
  }

  #place(scheduled: Scheduled<T>, position: number): void {
    this.#heap[position] = scheduled;
    scheduled.position = position;
  }

  #siftUp(scheduled: Scheduled<T>): void {
    while (scheduled.position > 0) {
      const { position } = scheduled;
      const parent = this.#heap[(position - 1) >>> 1]!;
      if (parent.dueAtMs <= scheduled.dueAtMs) return;
      this.#place(scheduled, parent.position);
      this.#place(parent, position);
    }
  }

  #siftDown(scheduled: Scheduled<T>): void {
    for (;;) {
      const { position } = scheduled;
      const left = this.#heap[2 * position + 1];
      const right = this.#heap[2 * position + 2];
      const child = right !== undefined && right.dueAtMs < left!.dueAtMs ? right : left;
      if (child === undefined || child.dueAtMs >= scheduled.dueAtMs) return;
      this.#place(scheduled, child.position);
      this.#place(child, position);
    }
  }
}
