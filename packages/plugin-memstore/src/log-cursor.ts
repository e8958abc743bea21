import { messageSizeBytes, type Room, type StreamRecord } from "@prism-data/pattern-sdk";
import type { PartitionLog } from "./partition-log.js";

interface Place {
  readonly log: PartitionLog;
  /** The next record to read, or the one after it that is there. */
  offset: bigint;
  /** Where to stop; `undefined`: nowhere. */
  readonly end: bigint | undefined;
}

/** Goes through partitions, each from a place of its own, and takes turns between them. */
export class LogCursor {
  /** The one whose turn it is comes first. */
  #places: Place[] = [];

  /** Reads this partition too, from `offset` on and up to `end`. */
  add(log: PartitionLog, offset: bigint, end?: bigint): void {
    this.#places.push({ log, offset, end });
  }

  has(partition: number): boolean {
    return this.#places.some(({ log }) => log.partition === partition);
  }

  /** Reads no others than these partitions any more. */
  keep(partitions: readonly number[]): void {
    this.#places = this.#places.filter(({ log }) => partitions.includes(log.partition));
  }

  /** Whether every partition was read up to the offset that `endOf` says. */
  hasPassed(endOf: (partition: number) => bigint): boolean {
    return this.#places.every(({ log, offset }) => offset >= endOf(log.partition));
  }

  /** Takes the next records, no more than there is room for, but one at least if there is one. */
  take(room: Room): StreamRecord[] {
    const taken: StreamRecord[] = [];
    let bytesLeft = room.bytes;
    for (const place of this.#places) {
      const end = place.end ?? place.log.nextOffset;
      for (const { record } of place.log.from(place.offset)) {
        const sizeBytes = messageSizeBytes(record.message);
        if (record.offset >= end) break;
        if (taken.length === room.items || (taken.length > 0 && sizeBytes > bytesLeft)) return this.#rotated(taken);
        taken.push(record);
        bytesLeft -= sizeBytes;
        place.offset = record.offset + 1n;
      }
      if (place.offset < end) place.offset = end;
    }
    return taken;
  }

  #rotated(taken: StreamRecord[]): StreamRecord[] {
    this.#places.push(this.#places.shift()!);
    return taken;
  }
}
