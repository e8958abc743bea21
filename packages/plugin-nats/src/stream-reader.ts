import type { PartitionHead, RecordSlice, RecordSource, StreamRecord } from "@prism-data/pattern-sdk";
import type { StreamLog } from "./stream-log.js";

/** A log for one reader: asks the server once where a partition ends, and goes by the news from then on. */
export class StreamReader implements RecordSource {
  readonly #log: StreamLog;
  readonly #heads = new Map<number, PartitionHead>();

  constructor(log: StreamLog) {
    this.#log = log;
  }

  get partitions() {
    return this.#log.partitions;
  }

  get news() {
    return this.#log.news;
  }

  async heads(partitions: readonly number[]): Promise<ReadonlyMap<number, PartitionHead>> {
    const unknown = partitions.filter((partition) => !this.#heads.has(partition));
    for (const [partition, head] of await this.#log.heads(unknown)) this.#heads.set(partition, head);
    return new Map(partitions.map((partition) => [partition, this.#headNow(partition)]));
  }

  read(slice: RecordSlice): Promise<readonly StreamRecord[]> {
    return this.#log.read(slice);
  }

  offsetSince(partition: number, timeMs: number): Promise<bigint | undefined> {
    return this.#log.offsetSince(partition, timeMs);
  }

  #headNow(partition: number): PartitionHead {
    return { retainedFrom: this.#heads.get(partition)!.retainedFrom, nextOffset: this.#log.endOf(partition) };
  }
}
