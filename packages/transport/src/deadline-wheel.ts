/** Something with a deadline. The links belong to the wheel. */
export interface Expiring {
  /** When it expires, by the wheel's clock. */
  deadlineMs: number;
  /** Called once, on the first tick at or after the deadline; no longer on the wheel then. */
  onDeadline(): void;
  wheelNext: Expiring | undefined;
  wheelPrevious: Expiring | undefined;
}

/** The time between two looks at the wheel: what a deadline may be late, against a price of 100 wake-ups a second. */
const tickMs = 10;

/** One turn is about 5 s: most deadlines are met or forgotten within it, so that an entry is looked at once. */
const slots = 512;

/**
 * Deadlines of all calls, kept without a timer per call: adding and removing cost a few pointer writes.
 *
 * Entries hang in the slot of the tick in which they expire; one that is more than a turn away stays for another turn.
 */
export class DeadlineWheel {
  readonly #now: () => number;
  readonly #slots: Anchor[] = Array.from({ length: slots }, () => new Anchor());
  /** The last tick that was looked at. */
  #tick: number;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#tick = tickOf(now());
  }

  get size(): number {
    return this.#size;
  }

  /** Makes an entry and puts it on the wheel, for whoever is none itself. */
  addTimeout(timeoutMs: number, onDeadline: () => void): Expiring {
    const deadlineMs = this.#now() + timeoutMs;
    const entry: Expiring = { deadlineMs, onDeadline, wheelNext: undefined, wheelPrevious: undefined };
    this.add(entry);
    return entry;
  }

  /** Whether the deadline has passed, though the wheel may not have looked since. */
  isPast(entry: Expiring): boolean {
    return entry.deadlineMs <= this.#now();
  }

  /** Puts an entry on the wheel. It must not be on one. */
  add(entry: Expiring): void {
    if (this.#timer === undefined) this.#start();
    // Never the tick that is being looked at: an entry added by an onDeadline would be missed for a turn.
    const tick = Math.max(tickOf(entry.deadlineMs) + 1, this.#tick + 1);
    const anchor = this.#slots[tick % slots]!;
    entry.wheelPrevious = anchor;
    entry.wheelNext = anchor.wheelNext;
    anchor.wheelNext!.wheelPrevious = entry;
    anchor.wheelNext = entry;
    this.#size += 1;
  }

  /** Takes an entry off; nothing happens if it is on no wheel. */
  remove(entry: Expiring): void {
    if (entry.wheelNext === undefined) return;
    entry.wheelPrevious!.wheelNext = entry.wheelNext;
    entry.wheelNext.wheelPrevious = entry.wheelPrevious;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    this.#size -= 1;
  }

  /** Expires what is due. The wheel does this by itself; tests that turn the clock call it. */
  advance(): void {
    const nowMs = this.#now();
    const target = tickOf(nowMs);
    // After a long pause of the process one turn visits every slot; more turns would find nothing new.
    this.#tick = Math.max(this.#tick, target - slots);
    while (this.#tick < target) {
      this.#tick += 1;
      this.#expire(this.#slots[this.#tick % slots]!, nowMs);
    }
    if (this.#size === 0) this.close();
  }

  /** Stops the timer; it starts again with the next entry. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#tick = tickOf(this.#now());
    this.#timer = setInterval(() => this.advance(), tickMs);
    this.#timer.unref();
  }

  #expire(anchor: Anchor, nowMs: number): void {
    let entry = anchor.wheelNext!;
    while (entry !== anchor) {
      const next = entry.wheelNext!;
      if (entry.deadlineMs <= nowMs) {
        this.remove(entry);
        entry.onDeadline();
        // What the callback removed may include `next`; the rest of the slot is then looked at from the start.
        entry = next.wheelNext === undefined ? anchor.wheelNext! : next;
      } else {
        entry = next;
      }
    }
  }
}

/** The head of a slot's ring, so that no entry is a special case. */
class Anchor implements Expiring {
  readonly deadlineMs = Number.POSITIVE_INFINITY;
  wheelNext: Expiring | undefined = this;
  wheelPrevious: Expiring | undefined = this;
  onDeadline(): void {}
}

function tickOf(timeMs: number): number {
  return Math.floor(timeMs / tickMs);
}
