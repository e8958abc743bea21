import { type Message, messageSizeBytes, type StreamOptions, type StreamRecord } from "@prism-data/pattern-sdk";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { ExpiryQueue, type Scheduled } from "./expiry-queue.js";
import { keptMessage, keptSizeBytes } from "./kept-message.js";
import { type FullSlot, RecordList, type Slot } from "./record-list.js";

/** How long the deletion of a key stays in a compacted log, so that whoever reads along learns of it: one hour. */
const deletionKeptMs = 3_600_000;

/** The most records that are removed at once for their age: about a millisecond of work. */
const removalsPerRunMax = 1_000;

/** What a partition is made with. */
export interface PartitionParts {
  readonly partition: number;
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

/** One partition of a log in memory. Every method runs to its end without yielding. */
export class PartitionLog {
  readonly partition: number;
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #records = new RecordList();
  /** With compaction: the last record of each key. */
  readonly #lastOfKey = new Map<string, Slot>();
  /** With compaction: the deletions of keys that are to be forgotten. */
  readonly #deletions: ExpiryQueue<Slot>;
  /** With a retention period: this partition, for when its oldest record is due. */
  readonly #aging: ExpiryQueue<void>;
  #agingOf: Scheduled<void> | undefined;
  #options: StreamOptions;
  #messageBytes = 0;
  #nextOffset = 0n;
  /** Retention has removed what is before this. */
  #retainedFrom = 0n;

  constructor({ partition, budget, clock }: PartitionParts, options: StreamOptions) {
    this.partition = partition;
    this.#budget = budget;
    this.#clock = clock;
    this.#options = options;
    this.#deletions = new ExpiryQueue(clock, (slot) => this.#remove(slot));
    this.#aging = new ExpiryQueue(clock, () => this.#age(removalsPerRunMax));
  }

  /** Above every record's offset: what is appended next gets this. */
  get nextOffset(): bigint {
    return this.#nextOffset;
  }

  /** The offset of the oldest record, or the next one. */
  get earliestOffset(): bigint {
    this.#age();
    return this.#records.first?.offset ?? this.#nextOffset;
  }

  /** The lowest offset that may be asked for: what retention has left. */
  get retainedFrom(): bigint {
    this.#age();
    return this.#retainedFrom;
  }

  get size(): number {
    this.#age();
    return this.#records.size;
  }

  /** Changes what is kept from now on, and removes what is too much by that. */
  configure(options: StreamOptions): void {
    const compacts = options.compaction && !this.#options.compaction;
    this.#options = options;
    if (!options.compaction) {
      this.#lastOfKey.clear();
      this.#deletions.clear();
    }
    if (compacts) for (const slot of [...this.#records.from(0n)]) this.#compact(slot);
    this.#age();
    this.#shrink(0);
  }

  /** Appends a message. Throws `CAPACITY_EXHAUSTED`, and changes nothing then. */
  append(message: Message): StreamRecord {
    this.#age();
    const messageBytes = messageSizeBytes(message);
    const keptBytes = keptSizeBytes(message);
    this.#budget.requireRoom(keptBytes - this.#bytesFreedBy(message, messageBytes));
    this.#shrink(messageBytes);
    const appendedAtMs = Math.max(this.#clock.nowMs(), this.#records.last?.appendedAtMs ?? 0);
    const offset = this.#nextOffset++;
    const record = { partition: this.partition, offset, message: keptMessage(message), appendedAtMs };
    const slot: FullSlot = { offset, appendedAtMs, record, messageBytes, keptBytes };
    this.#records.add(slot);
    this.#messageBytes += messageBytes;
    this.#budget.add(keptBytes);
    if (this.#options.compaction) this.#compact(slot);
    this.#awaitAge();
    return record;
  }

  /** The records from an offset on. */
  *from(offset: bigint): Generator<FullSlot, void, undefined> {
    this.#age();
    yield* this.#records.from(offset);
  }

  /** The offset of the first record that was appended at this time or later, or the next offset. */
  offsetSince(timeMs: number): bigint {
    return this.#records.firstSince(timeMs)?.offset ?? this.#nextOffset;
  }

  /** How many records there are from an offset on. */
  countFrom(offset: bigint): number {
    this.#age();
    return this.#records.countFrom(offset);
  }

  /** Lets everything go, and stops the timers. */
  clear(): void {
    for (const slot of [...this.#records.from(0n)]) this.#remove(slot);
    this.#deletions.clear();
    this.#aging.clear();
  }

  /** Removes the older record of the same key, and sees to it that a deletion is forgotten in time. */
  #compact(slot: FullSlot): void {
    const { key, payload } = slot.record.message;
    if (key === "") return;
    const before = this.#lastOfKey.get(key);
    if (before !== undefined) this.#remove(before);
    this.#lastOfKey.set(key, slot);
    if (payload.length === 0) this.#deletions.schedule(slot, slot.appendedAtMs + deletionKeptMs);
  }

  #remove(slot: Slot): void {
    const { record } = slot;
    if (record === undefined) return;
    this.#records.remove(slot);
    this.#messageBytes -= slot.messageBytes;
    this.#budget.add(-slot.keptBytes);
    if (this.#lastOfKey.get(record.message.key) === slot) this.#lastOfKey.delete(record.message.key);
  }

  #removeOldest(slot: Slot): void {
    this.#remove(slot);
    this.#retainedFrom = slot.offset + 1n;
  }

  /** Removes what is older than the retention period. */
  #age(removalsMax = Number.POSITIVE_INFINITY): void {
    const { retentionMs = Number.POSITIVE_INFINITY } = this.#options;
    const keptSinceMs = this.#clock.nowMs() - retentionMs;
    for (let removed = 0; removed < removalsMax; removed++) {
      const { first } = this.#records;
      if (first === undefined || first.appendedAtMs > keptSinceMs) break;
      this.#removeOldest(first);
    }
    this.#awaitAge();
  }

  /** Wakes this partition when its oldest record is due, also if nobody asks for it. */
  #awaitAge(): void {
    const dueAtMs = this.#agesAtMs();
    if (this.#agingOf !== undefined && this.#agingOf.position >= 0) {
      if (this.#agingOf.rank === dueAtMs) return;
      this.#aging.cancel(this.#agingOf);
    }
    this.#agingOf = dueAtMs === undefined ? undefined : this.#aging.schedule(undefined, dueAtMs);
  }

  #agesAtMs(): number | undefined {
    const { retentionMs } = this.#options;
    const { first } = this.#records;
    if (retentionMs === undefined || first === undefined) return undefined;
    // What is due already was too much for one run: others have their turn before the next.
    return Math.max(first.appendedAtMs + retentionMs, this.#clock.nowMs() + 1);
  }

  /** Makes room for so many bytes within the retention by size; the newest record stays however large it is. */
  #shrink(comingBytes: number): void {
    for (const slot of this.#oldestOver(comingBytes)) this.#removeOldest(slot);
  }

  /** The oldest records that are too many, when so many bytes come. */
  #oldestOver(comingBytes: number): Slot[] {
    const { retentionBytes } = this.#options;
    if (retentionBytes === undefined) return [];
    let overBytes = this.#messageBytes + comingBytes - retentionBytes;
    const over: Slot[] = [];
    if (overBytes <= 0) return over;
    const newest = comingBytes === 0 ? this.#records.last : undefined;
    for (const slot of this.#records.from(0n)) {
      if (overBytes <= 0 || slot === newest) break;
      over.push(slot);
      overBytes -= slot.messageBytes;
    }
    return over;
  }

  /** What is let go when this message comes. */
  #bytesFreedBy({ key }: Message, messageBytes: number): number {
    const freed = new Set(this.#oldestOver(messageBytes));
    const sameKey = key === "" ? undefined : this.#lastOfKey.get(key);
    if (sameKey !== undefined) freed.add(sameKey);
    return [...freed].reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  }
}
