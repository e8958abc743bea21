import { messageSizeBytes } from "../messaging/message-size.js";
import type { Outlet, Room } from "../messaging/outlet.js";
import type { RecordSource } from "./record-source.js";
import type { StreamRecord } from "./stream.js";

interface Place {
  readonly partition: number;
  /** The next record to read, or the one after it that is there. */
  offset: bigint;
  /** Where to stop; `undefined`: nowhere. */
  readonly end: bigint | undefined;
}

interface Taken {
  readonly place: Place;
  readonly record: StreamRecord;
}

/** Goes through partitions of one log, each from a place of its own, and takes turns between them. */
export class LogCursor {
  readonly #source: RecordSource;
  /** The one whose turn it is comes first. */
  #places: Place[] = [];

  constructor(source: RecordSource) {
    this.#source = source;
  }

  /** Reads this partition too, from `offset` on and up to `end`. Whoever waits in `deliver` is woken by a ring of the source's news. */
  add(partition: number, offset: bigint, end?: bigint): void {
    this.#places.push({ partition, offset, end });
  }

  has(partition: number): boolean {
    return this.#places.some((place) => place.partition === partition);
  }

  /** Reads no others than these partitions any more: from now on no record of another is passed on, whatever is under way. */
  keep(partitions: readonly number[]): void {
    const kept = new Set(partitions);
    this.#places = this.#places.filter(({ partition }) => kept.has(partition));
  }

  /** Whether every partition was read up to the offset that `endOf` says. */
  hasPassed(endOf: (partition: number) => bigint): boolean {
    return this.#places.every(({ partition, offset }) => offset >= endOf(partition));
  }

  /** Passes the next records on, no more than there is room for, but one at least if there is one. Returns how many. */
  async pass(room: Room, outlet: Outlet<StreamRecord>): Promise<number> {
    const taken = await this.#take(room);
    const places = new Set(this.#places);
    const records = taken.filter(({ place }) => places.has(place)).map(({ record }) => record);
    outlet.send(records);
    return records.length;
  }

  /** Passes records on, those that come later too, until the signal is aborted. Rejects when the source or the outlet does. */
  async deliver(outlet: Outlet<StreamRecord>, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const room = await outlet.room();
      const seen = this.#source.news.rings;
      const passed = await this.pass(room, outlet);
      if (passed === 0) await this.#source.news.rung(seen, ended);
    }
  }

  async #take(room: Room): Promise<readonly Taken[]> {
    const heads = await this.#source.heads(this.#places.map(({ partition }) => partition));
    const taken: Taken[] = [];
    let bytesLeft = room.bytes;
    for (const place of [...this.#places]) {
      const end = place.end ?? heads.get(place.partition)?.nextOffset ?? place.offset;
      while (place.offset < end) {
        if (taken.length === room.items || (taken.length > 0 && bytesLeft <= 0)) return this.#turned(place, taken);
        const { partition, offset: from } = place;
        const recordsMax = room.items - taken.length;
        const records = await this.#source.read({ partition, from, end, recordsMax, bytesMax: bytesLeft });
        for (const record of records) {
          const sizeBytes = messageSizeBytes(record.message);
          if (taken.length > 0 && sizeBytes > bytesLeft) return this.#turned(place, taken);
          taken.push({ place, record });
          bytesLeft -= sizeBytes;
          place.offset = record.offset + 1n;
        }
        if (records.length === 0) place.offset = end;
      }
    }
    return taken;
  }

  /** The partition that has filled the room comes last the next time. */
  #turned(place: Place, taken: readonly Taken[]): readonly Taken[] {
    if (this.#places.includes(place)) this.#places = [...this.#places.filter((one) => one !== place), place];
    return taken;
  }
}
