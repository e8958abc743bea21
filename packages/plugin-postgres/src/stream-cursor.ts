import { messageSizeBytes, type Room, type StreamRecord } from "@prism-data/pattern-sdk";
import type { StreamLog } from "./stream-log.js";

interface Place {
  readonly partition: number;
  /** The next record to read, or the one after it that is there. */
  offset: bigint;
  /** Where to stop; `undefined`: nowhere. */
  readonly end: bigint | undefined;
}

/** Records that one look takes of a partition at most. */
const recordsPerReadMax = 1_000;

/** Goes through partitions of a log, each from a place of its own, and takes turns between them. */
export class StreamCursor {
  readonly #log: StreamLog;
  /** The one whose turn it is comes first. */
  #places: Place[] = [];

  constructor(log: StreamLog) {
    this.#log = log;
  }

  /** Reads this partition too, from `offset` on and up to `end`. */
  add(partition: number, offset: bigint, end?: bigint): void {
    this.#places.push({ partition, offset, end });
  }

  /** Reads no others than these partitions any more; nor does a look that is under way. */
  keep(partitions: readonly number[]): void {
    this.#places = this.#places.filter(({ partition }) => partitions.includes(partition));
  }

  /** Whether every partition was read up to the offset that `endOf` says. */
  hasPassed(endOf: (partition: number) => bigint): boolean {
    return this.#places.every(({ partition, offset }) => offset >= endOf(partition));
  }

  /** Takes the next records, no more than there is room for, but one at least if there is one. */
  async take(room: Room): Promise<StreamRecord[]> {
    const heads = await this.#log.heads();
    const taken: StreamRecord[] = [];
    let bytesLeft = room.bytes;
    for (const place of [...this.#places]) {
      const end = place.end ?? heads.get(place.partition)?.nextOffset ?? 0n;
      while (place.offset < end && taken.length < room.items && (taken.length === 0 || bytesLeft > 0)) {
        const records = await this.#log.read({
          partition: place.partition,
          from: place.offset,
          end,
          recordsMax: Math.min(room.items - taken.length, recordsPerReadMax),
          bytesMax: bytesLeft,
        });
        // Somebody else may have the partition by now.
        if (!this.#places.includes(place)) break;
        for (const record of records) {
          const sizeBytes = messageSizeBytes(record.message);
          if (taken.length > 0 && sizeBytes > bytesLeft) return this.#turned(place, taken);
          taken.push(record);
          bytesLeft -= sizeBytes;
          place.offset = record.offset + 1n;
        }
        if (records.length === 0) place.offset = end;
      }
      if (place.offset < end) return this.#turned(place, taken);
    }
    return this.#held(taken);
  }

  /** The partition that has filled the room comes last the next time. */
  #turned(place: Place, taken: StreamRecord[]): StreamRecord[] {
    if (this.#places.includes(place)) this.#places = [...this.#places.filter((one) => one !== place), place];
    return this.#held(taken);
  }

  /** Those of partitions that are still read. */
  #held(taken: readonly StreamRecord[]): StreamRecord[] {
    return taken.filter(({ partition }) => this.#places.some((place) => place.partition === partition));
  }
}
