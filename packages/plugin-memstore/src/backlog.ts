import { MinHeap, messageSizeBytes, type Placed, type Room } from "@prism-data/pattern-sdk";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { ExpiryQueue, type Scheduled, timerDelayMsMax } from "./expiry-queue.js";
import type { Publication } from "./publication.js";

/** What a message takes in each backlog that holds it, as measured: its place in heaps, sets and maps, its state and its id. */
export const entryOverheadBytes = 512;

/** Where a message of a backlog is. */
type EntryState =
  | { readonly kind: "ready"; readonly place: Placed<Entry> }
  | { readonly kind: "delayed"; readonly due: Scheduled<Entry> }
  | { readonly kind: "outstanding"; readonly due: Scheduled<Entry>; readonly onEnded: () => void }
  | { readonly kind: "gone" };

/** A message in one backlog. */
export interface Entry {
  /** Tells which of two messages was published first. */
  readonly sequence: number;
  readonly publication: Publication;
  /** How often it was delivered. */
  deliveryCount: number;
  /** That of the last rejection; `""`: there was none. */
  cause: string;
  state: EntryState;
}

/** Whoever takes messages from a backlog. */
export interface Taker {
  /** There is something to take. */
  wake(): void;
}

/** What a backlog works with. */
export interface BacklogOptions {
  readonly budget: ByteBudget;
  readonly clock: Clock;
  /** How long a message is kept; asked whenever that matters. In ms. */
  retentionMs(): number;
  /** Takes a message over that is to be given up. False: it stays. */
  giveUp(entry: Entry): boolean;
}

/** Sweeps for what is too old are this far apart at least, in ms: the work of each goes over everything that is as old. */
const sweepPauseMs = 1_000;

/** Messages that wait for those who take them, in the order in which they were published, and whom each that was taken is with. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #takers = new Set<Taker>();
  /** In the order in which they were published. */
  readonly #entries = new Set<Entry>();
  readonly #ready = new MinHeap<Entry>();
  /** The ends of delays, and of the times that messages may be outstanding. */
  readonly #due: ExpiryQueue<Entry>;
  #cancelSweep: (() => void) | undefined;
  #sequence = 0;

  constructor(options: BacklogOptions) {
    this.#options = options;
    this.#due = new ExpiryQueue(options.clock, (entry) => this.#onDue(entry));
  }

  /** How many messages it holds. */
  get messages(): number {
    return this.#entries.size;
  }

  /** How many take from it. */
  get takers(): number {
    return this.#takers.size;
  }

  join(taker: Taker): void {
    this.#takers.add(taker);
    this.#wakeAll();
  }

  leave(taker: Taker): void {
    this.#takers.delete(taker);
  }

  /** Holds messages that were just published. The room for them is there. */
  accept(publications: readonly Publication[]): void {
    for (const publication of publications) {
      const sequence = this.#sequence++;
      const entry: Entry = { sequence, publication, deliveryCount: 0, cause: "", state: { kind: "gone" } };
      publication.hold();
      this.#options.budget.add(entryOverheadBytes);
      this.#entries.add(entry);
      this.#makeReady(entry);
    }
    this.#planSweep();
    this.#wakeAll();
  }

  /**
   * Takes the oldest messages that are ready: no more than there is room for, and than is the taker's share. Whoever has taken
   * something is the last to be woken the next time.
   */
  take(taker: Taker, { items, bytes }: Room): Entry[] {
    const most = Math.min(items, Math.ceil(this.#ready.size / this.#takers.size));
    const taken: Entry[] = [];
    let sizeBytes = 0;
    for (let { first } = this.#ready; first !== undefined && taken.length < most; { first } = this.#ready) {
      const entry = first.item;
      sizeBytes += messageSizeBytes(entry.publication.message);
      if (taken.length > 0 && sizeBytes > bytes) break;
      this.#ready.remove(first);
      entry.state = { kind: "gone" };
      if (this.#isTooOld(entry)) {
        this.forget(entry);
        continue;
      }
      entry.deliveryCount++;
      taken.push(entry);
    }
    if (taken.length > 0) this.#moveLast(taker);
    return taken;
  }

  /** A message that was taken is somebody's for so long from now; `onEnded` is called when that time has passed. */
  hold(entry: Entry, holdMs: number, onEnded: () => void): void {
    if (entry.state.kind === "outstanding") this.#due.cancel(entry.state.due);
    const due = this.#due.schedule(entry, this.#options.clock.nowMs() + holdMs);
    entry.state = { kind: "outstanding", due, onEnded };
  }

  /** A message is done with. */
  forget(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    this.#release(entry);
    entry.publication.release();
    this.#options.budget.add(-entryOverheadBytes);
  }

  /** A message was not handled: it is ready again after a while, unless it is given up. */
  giveBack(entry: Entry, delayMs: number): void {
    if (this.#isTooOld(entry) || this.#options.giveUp(entry)) this.forget(entry);
    else this.#makeReadyAfter(entry, delayMs);
    this.#wakeAll();
  }

  /** Messages are ready again at once, whatever their count. */
  returnAll(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#makeReadyAfter(entry, 0);
    this.#wakeAll();
  }

  /** The time that messages are kept has changed. */
  replanSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#planSweep();
  }

  /** Removes everything and stops the timers. Returns how many messages there were. */
  clear(): number {
    const { size } = this.#entries;
    for (const entry of this.#entries) this.forget(entry);
    this.#due.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    return size;
  }

  #onDue(entry: Entry): void {
    const { state } = entry;
    if (state.kind === "outstanding") {
      state.onEnded();
      this.giveBack(entry, 0);
    } else {
      this.#makeReady(entry);
      this.#wakeAll();
    }
  }

  #makeReadyAfter(entry: Entry, delayMs: number): void {
    if (!this.#entries.has(entry)) return;
    this.#release(entry);
    if (delayMs === 0) this.#makeReady(entry);
    else entry.state = { kind: "delayed", due: this.#due.schedule(entry, this.#options.clock.nowMs() + delayMs) };
  }

  #makeReady(entry: Entry): void {
    entry.state = { kind: "ready", place: this.#ready.add(entry, entry.sequence) };
  }

  /** Takes a message from where it is. */
  #release(entry: Entry): void {
    const { state } = entry;
    if (state.kind === "ready") this.#ready.remove(state.place);
    else if (state.kind !== "gone") this.#due.cancel(state.due);
    entry.state = { kind: "gone" };
  }

  #moveLast(taker: Taker): void {
    if (this.#takers.delete(taker)) this.#takers.add(taker);
  }

  /** Wakes the takers; those that take at once, until nothing is left. */
  #wakeAll(): void {
    for (let before = Number.POSITIVE_INFINITY; this.#ready.size > 0 && this.#ready.size < before; ) {
      before = this.#ready.size;
      for (const taker of [...this.#takers]) taker.wake();
    }
  }

  #isTooOld({ publication }: Entry): boolean {
    return publication.publishedAtMs + this.#options.retentionMs() <= this.#options.clock.nowMs();
  }

  #planSweep(): void {
    const [oldest] = this.#entries;
    const retentionMs = this.#options.retentionMs();
    if (this.#cancelSweep !== undefined || oldest === undefined || retentionMs === Number.POSITIVE_INFINITY) return;
    const leftMs = oldest.publication.publishedAtMs + retentionMs - this.#options.clock.nowMs();
    const delayMs = Math.min(Math.max(leftMs, sweepPauseMs), timerDelayMsMax);
    this.#cancelSweep = this.#options.clock.startTimer(() => this.#sweep(), delayMs);
  }

  /** Forgets what is too old, but for what is outstanding: that is judged when it comes back. */
  #sweep(): void {
    this.#cancelSweep = undefined;
    for (const entry of this.#entries) {
      if (!this.#isTooOld(entry)) break;
      if (entry.state.kind !== "outstanding") this.forget(entry);
    }
    this.#planSweep();
  }
}
