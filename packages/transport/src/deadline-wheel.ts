/** How late a deadline may be noticed; never early. */
const tickMs = 10;
const slots = 512;

/** One wait for a deadline. Cancelling is cheap and must be done when the call ends. */
export class Deadline {
  readonly dueTick: number;
  readonly onDue: () => void;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  armed = true;

  constructor(dueTick: number, onDue: () => void) {
    this.dueTick = dueTick;
    this.onDue = onDue;
  }
}

/**
 * A hashed timer wheel: nearly every call has a deadline and nearly none reaches it, so setting and cancelling must
 * cost almost nothing. One timer serves all; it sleeps until the next slot that is not empty.
 */
export class DeadlineWheel {
  readonly #slots: (Deadline | undefined)[] = new Array<Deadline | undefined>(slots).fill(undefined);
  #count = 0;
  /** Every slot up to this tick has been looked at. */
  #doneTick = Math.floor(performance.now() / tickMs);
  #timer: NodeJS.Timeout | undefined;
  #timerTick = 0;

  add(timeoutMs: number, onDue: () => void): Deadline {
    const nowMs = performance.now();
    const nowTick = Math.floor(nowMs / tickMs);
    if (this.#count === 0) this.#doneTick = nowTick;
    const dueTick = Math.max(nowTick + 1, Math.ceil((nowMs + timeoutMs) / tickMs));
    const deadline = new Deadline(dueTick, onDue);
    const slot = dueTick % slots;
    const first = this.#slots[slot];
    deadline.next = first;
    if (first !== undefined) first.previous = deadline;
    this.#slots[slot] = deadline;
    this.#count++;
    const wakeTick = Math.min(dueTick, nowTick + slots - 1);
    if (this.#timer === undefined || wakeTick < this.#timerTick) this.#sleepUntil(wakeTick);
    return deadline;
  }

  cancel(deadline: Deadline): void {
    if (!deadline.armed) return;
    deadline.armed = false;
    if (deadline.previous !== undefined) deadline.previous.next = deadline.next;
    else this.#slots[deadline.dueTick % slots] = deadline.next;
    if (deadline.next !== undefined) deadline.next.previous = deadline.previous;
    this.#count--;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#slots.fill(undefined);
    this.#count = 0;
  }

  #sleepUntil(tick: number): void {
    clearTimeout(this.#timer);
    this.#timerTick = tick;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.ceil(tick * tickMs - performance.now())));
    this.#timer.unref();
  }

  #wake(): void {
    this.#timer = undefined;
    const nowTick = Math.floor(performance.now() / tickMs);
    const due: Deadline[] = [];
    for (let tick = Math.max(this.#doneTick + 1, nowTick - slots + 1); tick <= nowTick; tick++) {
      for (let deadline = this.#slots[tick % slots]; deadline !== undefined; deadline = deadline.next) {
        if (deadline.dueTick <= nowTick) due.push(deadline);
      }
    }
    this.#doneTick = nowTick;
    for (const deadline of due) this.#fire(deadline);
    if (this.#count > 0 && this.#timer === undefined) this.#sleepUntil(this.#nextTick(nowTick));
  }

  #fire(deadline: Deadline): void {
    if (!deadline.armed) return;
    this.cancel(deadline);
    deadline.onDue();
  }

  #nextTick(nowTick: number): number {
    for (let tick = nowTick + 1; tick < nowTick + slots; tick++) {
      if (this.#slots[tick % slots] !== undefined) return tick;
    }
    return nowTick + slots - 1;
  }
}
