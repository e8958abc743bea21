import { messageSizeBytes, type Room } from "@prism-data/pattern-sdk";
import { greatest } from "./bigint-bounds.js";
import type { Run } from "./group-mark.js";
import type { KafkaRecord } from "./record-codec.js";

/** A record that is not handled yet. */
export interface Entry {
  readonly record: KafkaRecord;
  readonly sizeBytes: number;
  /** How often it was delivered. */
  deliveryCount: number;
  /** That of its last rejection; `""`: there was none. */
  cause: string;
  isReady: boolean;
}

/** So much is read before somebody takes it: enough that nobody waits for a broker, and little to hold. */
const readAhead: Room = { items: 2_000, bytes: 8 * 2 ** 20 };

/** Somebody who waits for records. */
interface Taker {
  readonly room: Room;
  resolve(entries: readonly Entry[]): void;
}

/**
 * The records of one partition from the first that is not handled on, and who waits for them. Everything before `next`, and between
 * the entries, is handled.
 */
export class DeliveryWindow {
  /** In the order of their offsets. */
  readonly #entries = new Map<bigint, Entry>();
  /** Invariant: in the order of their offsets. */
  #ready: Entry[] = [];
  #readyBytes = 0;
  readonly #takers = new Set<Taker>();
  /** What was known of records that are yet to come. */
  #foretold: Run[] = [];
  #foretoldFrom = 0n;
  /** Up to where everything was seen. */
  #seen = 0n;
  /** Fulfilled when fewer records may be ready. */
  #change: PromiseWithResolvers<void> | undefined;

  /** Begins anew at `next`, with what is known of the records from there on. */
  begin(next: bigint, runs: readonly Run[]): void {
    this.#entries.clear();
    this.#ready = [];
    this.#readyBytes = 0;
    this.#foretold = [...runs];
    this.#foretoldFrom = next;
    this.#seen = next;
    this.#wake();
  }

  /** The offset of the first record that is not handled, or has not come yet. */
  get next(): bigint {
    const [first] = this.#entries.keys();
    return first ?? this.#seen;
  }

  /** What is known of the records from `next` on. */
  runs(): Run[] {
    const runs: Run[] = [];
    let at = this.next;
    for (const [offset, { deliveryCount }] of this.#entries) {
      append(runs, { records: Number(offset - at), state: "handled" });
      append(runs, { records: 1, state: deliveryCount });
      at = offset + 1n;
    }
    append(runs, { records: Number(this.#seen - at), state: "handled" });
    for (const run of this.#stillForetold()) append(runs, run);
    while (runs.at(-1)?.state === 0) runs.pop();
    return runs;
  }

  /** Waits until so few records are ready that more should be read. Rejects when `signal` is aborted. */
  async room(signal: AbortSignal): Promise<Room> {
    const onAborted = () => this.#wake();
    signal.addEventListener("abort", onAborted, { once: true });
    try {
      while (this.#ready.length >= readAhead.items || this.#readyBytes >= readAhead.bytes) {
        signal.throwIfAborted();
        this.#change ??= Promise.withResolvers();
        await this.#change.promise;
      }
      signal.throwIfAborted();
      return readAhead;
    } finally {
      signal.removeEventListener("abort", onAborted);
    }
  }

  /** Takes in records, in order; those that `isWanted` says no to, and those that were handled, are done with. */
  add(records: readonly KafkaRecord[], isWanted: (record: KafkaRecord) => boolean): void {
    for (const record of records) {
      const { offset, message } = record;
      if (offset < this.#seen) continue;
      this.#seen = offset + 1n;
      const known = this.#foretoldOf(offset);
      if (known === "handled" || !isWanted(record)) continue;
      const sizeBytes = messageSizeBytes(message);
      const entry: Entry = { record, sizeBytes, deliveryCount: known, cause: "", isReady: true };
      this.#entries.set(offset, entry);
      this.#ready.push(entry);
      this.#readyBytes += sizeBytes;
    }
    this.#serve();
  }

  /** Waits for records that are ready, and takes no more than there is room for. None: `signal` was aborted. */
  take(room: Room, signal: AbortSignal): Promise<readonly Entry[]> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve([]);
      const onAborted = () => taker.resolve([]);
      const taker: Taker = {
        room,
        resolve: (entries) => {
          this.#takers.delete(taker);
          signal.removeEventListener("abort", onAborted);
          resolve(entries);
        },
      };
      signal.addEventListener("abort", onAborted, { once: true });
      this.#takers.add(taker);
      this.#serve();
    });
  }

  /** A record is done with. Returns whether it was here. */
  finish(entry: Entry): boolean {
    return this.has(entry) && this.#entries.delete(entry.record.offset);
  }

  /** A record is still not done with. */
  has(entry: Entry): boolean {
    return this.#entries.get(entry.record.offset) === entry;
  }

  /** Records that were taken are ready again. */
  giveBack(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      if (entry.isReady || !this.has(entry)) continue;
      entry.isReady = true;
      this.#ready.splice(this.#placeOf(entry), 0, entry);
      this.#readyBytes += entry.sizeBytes;
    }
    this.#serve();
  }

  /** Gives those who wait their shares, who waited longest first. */
  #serve(): void {
    for (const taker of [...this.#takers]) {
      if (this.#ready.length === 0) return;
      const items = Math.min(taker.room.items, Math.ceil(this.#ready.length / this.#takers.size));
      taker.resolve(this.#takeFirst({ items, bytes: taker.room.bytes }));
    }
  }

  #takeFirst({ items, bytes }: Room): Entry[] {
    let count = 0;
    let sizeBytes = 0;
    for (; count < Math.min(items, this.#ready.length); count++) {
      const next = sizeBytes + this.#ready[count]!.sizeBytes;
      if (count > 0 && next > bytes) break;
      sizeBytes = next;
    }
    const taken = this.#ready.splice(0, count);
    this.#readyBytes -= sizeBytes;
    for (const entry of taken) entry.isReady = false;
    this.#wake();
    return taken;
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  /** Where an entry belongs among those that are ready. */
  #placeOf({ record }: Entry): number {
    let [low, high] = [0, this.#ready.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ready[middle]!.record.offset < record.offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What was known of a record before it came; forgets what was known of those before it. */
  #foretoldOf(offset: bigint): "handled" | number {
    for (let run = this.#foretold[0]; run !== undefined; run = this.#foretold[0]) {
      const end = this.#foretoldFrom + BigInt(run.records);
      if (offset < end) return run.state;
      this.#foretold.shift();
      this.#foretoldFrom = end;
    }
    return 0;
  }

  /** What is known of records that have not come yet. */
  #stillForetold(): Run[] {
    const left: Run[] = [];
    let from = this.#foretoldFrom;
    for (const { records, state } of this.#foretold) {
      const end = from + BigInt(records);
      const begin = greatest(from, this.#seen);
      if (end > begin) left.push({ records: Number(end - begin), state });
      from = end;
    }
    return left;
  }
}

/** Adds what is known of the next records. */
function append(runs: Run[], { records, state }: Run): void {
  if (records === 0) return;
  const last = runs.at(-1);
  if (last?.state === state) runs[runs.length - 1] = { records: last.records + records, state };
  else runs.push({ records, state });
}
