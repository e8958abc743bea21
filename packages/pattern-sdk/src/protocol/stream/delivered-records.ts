import type { Room } from "../../patterns/messaging/outlet.js";
import type { Position } from "../../patterns/stream/stream.js";
import type { Allowance } from "../messaging/message-outlet.js";
import { Outstanding, type OutstandingBounds } from "../messaging/outstanding.js";

interface Delivered {
  readonly offset: bigint;
  readonly sizeBytes: number;
}

/** Knows which records a member has that it has not committed: what it may hold is bounded. */
export class DeliveredRecords implements Allowance<Position> {
  readonly #outstanding: Outstanding;
  /** By partition, in order. A partition is in here while it is the member's. */
  readonly #uncommitted = new Map<number, Delivered[]>();
  /** The last record of each partition that the member ever got. */
  readonly #last = new Map<number, bigint>();

  constructor(bounds: OutstandingBounds) {
    this.#outstanding = new Outstanding(bounds);
  }

  get room(): Room | undefined {
    return this.#outstanding.room;
  }

  add(sizeBytes: number, { partition, offset }: Position): boolean {
    if (!this.#outstanding.add(sizeBytes)) return false;
    this.#uncommitted.get(partition)!.push({ offset, sizeBytes });
    this.#last.set(partition, offset);
    return true;
  }

  has(partition: number): boolean {
    return this.#uncommitted.has(partition);
  }

  /** The last record of a partition that the member got, also before it lost the partition. */
  last(partition: number): bigint | undefined {
    return this.#last.get(partition);
  }

  /** The partitions that the member has from now on; what it held of others is not its any more. */
  assign(partitions: readonly number[]): void {
    const kept = new Set(partitions);
    for (const [partition, records] of this.#uncommitted) {
      if (kept.has(partition)) continue;
      this.#giveBack(records);
      this.#uncommitted.delete(partition);
    }
    for (const partition of partitions) if (!this.has(partition)) this.#uncommitted.set(partition, []);
  }

  /** Gives the room of committed records back. */
  commit(positions: readonly Position[]): void {
    for (const { partition, offset } of positions) {
      const records = this.#uncommitted.get(partition) ?? [];
      const rest = records.findIndex((record) => record.offset > offset);
      this.#giveBack(records.splice(0, rest < 0 ? records.length : rest));
    }
  }

  #giveBack(records: readonly Delivered[]): void {
    for (const { sizeBytes } of records) this.#outstanding.remove(sizeBytes);
  }
}
