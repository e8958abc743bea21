import {
  Doorbell,
  type Message,
  messageSizeBytes,
  type PartitionHead,
  type Position,
  partitionOf,
  type RecordSlice,
  type RecordSource,
  type StreamOptions,
  type StreamRecord,
} from "@prism-data/pattern-sdk";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { PartitionLog } from "./partition-log.js";

/** What all logs of a backend share. */
export interface StreamParts {
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

/** The partitions of one log in memory. */
export class StreamLog implements RecordSource {
  readonly news = new Doorbell();
  readonly logs: readonly PartitionLog[];
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(parts: StreamParts, options: StreamOptions) {
    const numbers = [...Array(options.partitions).keys()];
    this.logs = numbers.map((partition) => new PartitionLog({ partition, ...parts }, options));
  }

  get partitions(): number {
    return this.logs.length;
  }

  append(message: Message): Position {
    const { partition, offset } = this.#logFor(message).append(message);
    return { partition, offset };
  }

  heads(partitions: readonly number[]): ReadonlyMap<number, PartitionHead> {
    const headOf = ({ nextOffset, retainedFrom }: PartitionLog): PartitionHead => ({ nextOffset, retainedFrom });
    return new Map(partitions.map((partition) => [partition, headOf(this.logs[partition]!)]));
  }

  read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): StreamRecord[] {
    const records: StreamRecord[] = [];
    let bytesLeft = bytesMax;
    for (const { record } of this.logs[partition]!.from(from)) {
      const sizeBytes = messageSizeBytes(record.message);
      const isFull = records.length === recordsMax || (records.length > 0 && sizeBytes > bytesLeft);
      if (isFull || record.offset >= end) break;
      records.push(record);
      bytesLeft -= sizeBytes;
    }
    return records;
  }

  offsetSince(partition: number, timeMs: number): bigint {
    return this.logs[partition]!.offsetSince(timeMs);
  }

  #logFor({ key }: Message): PartitionLog {
    if (key !== "") return this.logs[partitionOf(key, this.logs.length)]!;
    this.#turn = (this.#turn + 1) % this.logs.length;
    return this.logs[this.#turn]!;
  }
}
