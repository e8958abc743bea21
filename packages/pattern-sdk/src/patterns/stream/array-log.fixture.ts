import { Doorbell } from "../messaging/doorbell.js";
import { messageSizeBytes } from "../messaging/message-size.js";
import type { Room } from "../messaging/outlet.js";
import type { PartitionHead, RecordSlice, RecordSource } from "./record-source.js";
import type { RecordOutlet, StreamRecord } from "./stream.js";

/** Partitions as arrays, which answer in a turn of their own as a server does. */
export class ArrayLog implements RecordSource {
  readonly news = new Doorbell();
  readonly retainedFrom: number[];
  readonly #logs: StreamRecord[][];
  #afterNextRead = () => {};

  /** Partitions with so many records of `bytes` bytes each, appended at 0, 10, 20 … ms. */
  constructor(sizes: readonly number[], bytes = 100) {
    this.#logs = sizes.map(() => []);
    this.retainedFrom = sizes.map(() => 0);
    for (const [partition, size] of sizes.entries()) for (let at = 0; at < size; at++) this.append(partition, bytes);
  }

  get partitions(): number {
    return this.#logs.length;
  }

  append(partition: number, bytes = 100): void {
    const log = this.#logs[partition]!;
    const message = { id: "", key: "", headers: [], contentType: "", payload: Buffer.alloc(bytes) };
    log.push({ partition, offset: BigInt(log.length), message, appendedAtMs: log.length * 10 });
    this.news.ring();
  }

  /** Does something when the next read has its answer, which is still on its way then. */
  afterNextRead(run: () => void): void {
    this.#afterNextRead = run;
  }

  async heads(partitions: readonly number[]): Promise<ReadonlyMap<number, PartitionHead>> {
    const headOf = (partition: number) => ({
      nextOffset: BigInt(this.#logs[partition]!.length),
      retainedFrom: BigInt(this.retainedFrom[partition]!),
    });
    return new Map(partitions.map((partition) => [partition, headOf(partition)]));
  }

  async read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): Promise<StreamRecord[]> {
    const first = Math.max(Number(from), this.retainedFrom[partition]!);
    const records = this.#logs[partition]!.slice(first, Math.min(Number(end), first + recordsMax));
    this.#afterNextRead();
    this.#afterNextRead = () => {};
    const fitting = records.findIndex((_, index) => index > 0 && sizeOf(records.slice(0, index + 1)) > bytesMax);
    return fitting < 0 ? records : records.slice(0, fitting);
  }

  async offsetSince(partition: number, timeMs: number): Promise<bigint | undefined> {
    return this.#logs[partition]!.find(({ appendedAtMs }) => appendedAtMs >= timeMs)?.offset;
  }
}

/** Keeps what it is sent, as "partition:offset", and when the reader had caught up. */
export class PlacesOutlet implements RecordOutlet {
  readonly sent: string[] = [];
  #roomNow: Room;

  constructor(roomNow: Room = { items: 1_000, bytes: 1e6 }) {
    this.#roomNow = roomNow;
  }

  async room(): Promise<Room> {
    return this.#roomNow;
  }

  send(records: readonly StreamRecord[]): void {
    this.sent.push(...records.map(({ partition, offset }) => `${partition}:${offset}`));
  }

  caughtUp(): void {
    this.sent.push("caught up");
  }
}

function sizeOf(records: readonly StreamRecord[]): number {
  return records.reduce((sum, { message }) => sum + messageSizeBytes(message), 0);
}
