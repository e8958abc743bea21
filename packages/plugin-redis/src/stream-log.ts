import {
  Doorbell,
  type Message,
  type PartitionHead,
  type Position,
  partitionsFixedError,
  type RecordSlice,
  type RecordSource,
  type StreamRecord,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import { ChannelListener } from "./channel-listener.js";
import type { Argument, Connection, Reply } from "./connection.js";
import { grouped } from "./grouped.js";
import { decodeMessage, encodeMessage } from "./message-record.js";
import type { Script } from "./scripts.js";
import { appendScript, partitionsDiffer, readScript, retainScript, sinceScript } from "./stream-scripts.js";

/** How often new records are looked for although nothing was told, in ms. */
const pollMs = 1_000;

/** How many partitions one script looks at for records that are over. */
const retainSliceMax = 50;

/** A record on its way to its partition. */
interface Addressed {
  readonly partition: number;
  readonly message: Message;
}

/** A record with what only pub-sub keeps. */
export interface StoredRecord extends StreamRecord {
  /** The topic that it was published to; `""`: it was appended to a log. */
  readonly topic: string;
}

export interface StreamLogOptions {
  readonly connection: Connection;
  /** Where is told that records have come. */
  readonly news: ChangeFeed;
  readonly namespace: string;
  /** What all names of the log start with. */
  readonly base: string;
  /** The channel of that. */
  readonly channel: string;
  readonly partitions: number;
  /** How old records get, in ms. `undefined`: they stay. */
  readonly retentionMs: number | undefined;
  /** The most bytes of a partition. `undefined`: any. */
  readonly retentionBytes: number | undefined;
}

/** One log on the server. */
export class StreamLog implements RecordSource {
  /** Rings when records have come, from whatever process. */
  readonly news = new Doorbell({ pollMs });
  readonly #options: StreamLogOptions;
  #listener: ChannelListener | undefined;

  constructor(options: StreamLogOptions) {
    this.#options = options;
  }

  get partitions(): number {
    return this.#options.partitions;
  }

  /** Appends records in order; returns where each is. */
  async append(records: readonly Addressed[]): Promise<Position[]> {
    const { namespace, partitions, retentionBytes = "" } = this.#options;
    const args = records.flatMap(({ partition, message }) => [partition, encodeMessage(message)]);
    const offsets = (await this.#run(appendScript, [partitions, retentionBytes, ...args])) as Reply[];
    if (offsets[0] === partitionsDiffer)
      throw partitionsFixedError({ namespace, partitions: Number(offsets[1]), asked: partitions });
    return records.map(({ partition }, index) => ({ partition, offset: BigInt(String(offsets[index])) }));
  }

  async read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): Promise<StoredRecord[]> {
    const args = [partition, String(from), String(end), recordsMax, bytesMax];
    const page = (await this.#run(readScript, args)) as Buffer[];
    return grouped(page, 2).map(([id, record]) => {
      const [after, appendedAt] = id!.toString().split("-");
      return { partition, offset: BigInt(after!) - 1n, appendedAtMs: Number(appendedAt), ...decodeMessage(record!) };
    });
  }

  /** Begins to listen for news: what comes after this rings, or is found by the next look. */
  async heads(partitions: readonly number[]): Promise<ReadonlyMap<number, PartitionHead>> {
    const { connection, news, base, channel } = this.#options;
    const ring = () => this.news.ring();
    this.#listener ??= new ChannelListener({ feed: news, channel, onUp: ring, onMessage: ring });
    if (partitions.length === 0) return new Map();
    const fields = partitions.flatMap((partition) => [`next:${partition}`, `from:${partition}`]);
    const numbers = (await connection.command("HMGET", [`${base}log`, ...fields])) as (Buffer | null)[];
    const heads = grouped(numbers, 2).map(([next, from]) => ({
      nextOffset: BigInt(String(next ?? 0)),
      retainedFrom: BigInt(String(from ?? 0)),
    }));
    return new Map(partitions.map((partition, index) => [partition, heads[index]!]));
  }

  /** The offset of the first record that was appended at this time or later, or of the next to come. */
  async offsetSince(partition: number, timeMs: number): Promise<bigint> {
    return BigInt(String(await this.#run(sinceScript, [partition, timeMs])));
  }

  /** Removes some records that are too old or too many; returns whether there may be more. */
  async retain(): Promise<boolean> {
    const { partitions, retentionMs = "", retentionBytes = "" } = this.#options;
    const all = [...Array(partitions).keys()];
    let isMore = false;
    for (let at = 0; at < partitions; at += retainSliceMax) {
      const slice = all.slice(at, at + retainSliceMax);
      const more = (await this.#run(retainScript, [retentionMs, retentionBytes, ...slice])) as Reply[];
      isMore ||= more.length > 0;
    }
    return isMore;
  }

  /** Reads a hash of the log. */
  async hash(name: string): Promise<ReadonlyMap<string, string>> {
    const { connection, base } = this.#options;
    const flat = (await connection.command("HGETALL", [base + name])) as Buffer[];
    return new Map(grouped(flat, 2).map(([field, value]) => [field!.toString(), value!.toString()]));
  }

  /** Runs a script of one of the log's groups, which are told on `channel`. */
  runOfGroup(script: Script, channel: string, args: readonly Argument[]): Promise<Reply> {
    const { connection, base } = this.#options;
    return connection.run(script, [`${base}log`], [base, channel, ...args]);
  }

  close(): void {
    this.#listener?.close();
  }

  #run(script: Script, args: readonly Argument[]): Promise<Reply> {
    return this.runOfGroup(script, this.#options.channel, args);
  }
}
