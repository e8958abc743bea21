import type { StreamRecord } from "@prism-data/pattern-sdk";

/** A record in its place. The place stays for a while when the record is gone. */
export interface Slot {
  readonly offset: bigint;
  readonly appendedAtMs: number;
  /** `undefined`: the record was removed. */
  record: StreamRecord | undefined;
  /** The bytes of its message, which retention counts. */
  readonly messageBytes: number;
  /** What it counts against the bound of the backend. */
  readonly keptBytes: number;
}

/** A place whose record is there. */
export type FullSlot = Slot & { readonly record: StreamRecord };

/** Emptied places are given up when there are more of them than this and than records. */
const emptySlotsMax = 1_024;

/** The records of one partition in order of their offsets: found by offset or time, added at the end, removed anywhere. */
export class RecordList {
  #slots: Slot[] = [];
  /** What is before this was removed from the front. */
  #head = 0;
  /** Emptied places after the head. */
  #empty = 0;

  /** How many records there are. */
  get size(): number {
    return this.#slots.length - this.#head - this.#empty;
  }

  get first(): Slot | undefined {
    return this.#slots[this.#head];
  }

  get last(): Slot | undefined {
    return this.size === 0 ? undefined : this.#slots.at(-1);
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
  }

  remove(slot: Slot): void {
    slot.record = undefined;
    this.#empty++;
    this.#skipEmptyHead();
    if (this.#empty > emptySlotsMax && this.#empty > this.size) this.#close();
  }

  /** The records from an offset on. */
  *from(offset: bigint): Generator<FullSlot, void, undefined> {
    for (let at = this.#find((slot) => slot.offset >= offset); at < this.#slots.length; at++) {
      const slot = this.#slots[at]!;
      if (isFull(slot)) yield slot;
    }
  }

  /** The first record that was appended at this time or later. */
  firstSince(timeMs: number): Slot | undefined {
    return this.#slots.slice(this.#find((slot) => slot.appendedAtMs >= timeMs)).find(isFull);
  }

  /** How many records there are from an offset on. */
  countFrom(offset: bigint): number {
    if (this.#empty > 0) this.#close();
    return this.#slots.length - this.#find((slot) => slot.offset >= offset);
  }

  /** The first place for which the condition holds, which must hold for all after it. */
  #find(holds: (slot: Slot) => boolean): number {
    let [low, high] = [this.#head, this.#slots.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#slots[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Invariant: the head is a record, or the end. */
  #skipEmptyHead(): void {
    while (this.#head < this.#slots.length && !isFull(this.#slots[this.#head]!)) {
      this.#head++;
      this.#empty--;
    }
    if (this.#head > emptySlotsMax && this.#head * 2 > this.#slots.length) this.#close();
  }

  #close(): void {
    this.#slots = this.#slots.slice(this.#head).filter(isFull);
    this.#head = 0;
    this.#empty = 0;
  }
}

function isFull(slot: Slot): slot is FullSlot {
  return slot.record !== undefined;
}
