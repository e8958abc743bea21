import {
  type CallContext,
  Doorbell,
  type Message,
  messageSizeBytes,
  type PartitionDescription,
  type PartitionHead,
  type Position,
  type RecordSlice,
  type RecordSource,
  type StreamOptions,
  type StreamRecord,
} from "@prism-data/pattern-sdk";
import { namespaceRemoved } from "./errors.js";
import type { Store } from "./store.js";
import { type GroupPlace, nextOf } from "./stream-group-table.js";
import type { PartitionRow } from "./stream-table.js";

/** How late readers see what another process has appended, which has the file while Prism replaces it. */
const pollMs = 200;

/** Records that one look takes of a partition at most. */
const recordsPerReadMax = 1_000;

/** The records of one log in a file. */
export class StreamLog implements RecordSource {
  readonly news = new Doorbell({ pollMs });
  readonly #store: Store;
  /** By partition. */
  readonly #ids: readonly number[];
  #options: StreamOptions;

  constructor(store: Store, ids: readonly number[], options: StreamOptions) {
    this.#store = store;
    this.#ids = ids;
    this.#options = options;
  }

  get partitions(): number {
    return this.#ids.length;
  }

  /** Keeps records as these options say from now on. */
  configure(options: StreamOptions): void {
    this.#options = options;
  }

  append(partition: number, message: Message, context: CallContext): Promise<Position> {
    return this.#store.commits.submit({
      context,
      sizeBytes: messageSizeBytes(message),
      apply: () => ({ partition, offset: BigInt(this.#append(partition, message)) }),
      onCommitted: () => this.news.ring(),
    });
  }

  heads(partitions: readonly number[]): ReadonlyMap<number, PartitionHead> {
    return this.#store.file.read(() => new Map(partitions.map((partition) => [partition, this.#head(partition)])));
  }

  read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): StreamRecord[] {
    return this.#store.file.read(() => {
      const { id, retainedFrom } = this.#partition(partition);
      const range = {
        from: Math.max(Number(from), retainedFrom),
        end: Number(end),
        rowsMax: Math.min(recordsMax, recordsPerReadMax),
      };
      const records: StreamRecord[] = [];
      let bytesLeft = bytesMax;
      for (const { offset, sizeBytes, ...record } of this.#store.streams.records(id, range)) {
        if (records.length > 0 && sizeBytes > bytesLeft) break;
        bytesLeft -= sizeBytes;
        records.push({ partition, offset: BigInt(offset), ...record });
      }
      return records;
    });
  }

  offsetSince(partition: number, timeMs: number): bigint | undefined {
    const offset = this.#store.file.read(() => this.#store.streams.firstSince(this.#ids[partition]!, timeMs));
    return offset === undefined ? undefined : BigInt(offset);
  }

  /** What each partition holds; `places`: how far a group has come, whose lag is wanted. */
  describe(places: ReadonlyMap<number, GroupPlace> | undefined): PartitionDescription[] {
    return this.#store.file.read(() => this.#ids.map((_, partition) => this.#describe(partition, places)));
  }

  #append(partition: number, message: Message): number {
    const { streams, nowMs } = this.#store;
    const id = this.#ids[partition]!;
    const offset = streams.append(id, message, nowMs());
    if (offset === undefined) throw namespaceRemoved(this.#store.file.path);
    const { retentionBytes } = this.#options;
    if (retentionBytes !== undefined) streams.keepWithin(id, retentionBytes, recordsPerReadMax);
    return offset;
  }

  #head(partition: number): PartitionHead {
    const { nextOffset, retainedFrom } = this.#partition(partition);
    return { nextOffset: BigInt(nextOffset), retainedFrom: BigInt(retainedFrom) };
  }

  #describe(partition: number, places: ReadonlyMap<number, GroupPlace> | undefined): PartitionDescription {
    const { streams } = this.#store;
    const { id, nextOffset, retainedFrom, hasGaps } = this.#partition(partition);
    const place = places?.get(partition);
    const from = Math.max(place === undefined ? 0 : nextOf(place), retainedFrom);
    const left = hasGaps ? streams.countFrom(id, from) : Math.max(0, nextOffset - from);
    return {
      partition,
      earliestOffset: BigInt(streams.firstFrom(id, retainedFrom) ?? nextOffset),
      nextOffset: BigInt(nextOffset),
      committedOffset: place?.committed == null ? undefined : BigInt(place.committed),
      lag: places === undefined ? undefined : BigInt(left),
    };
  }

  #partition(partition: number): PartitionRow {
    const { streams, nowMs, file } = this.#store;
    const { retentionMs } = this.#options;
    const tooOldMs = retentionMs === undefined ? undefined : nowMs() - retentionMs;
    const row = streams.partition(this.#ids[partition]!, tooOldMs);
    if (row === undefined) throw namespaceRemoved(file.path);
    return row;
  }
}
