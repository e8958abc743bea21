import { setTimeout as pause } from "node:timers/promises";
import {
  type BatchResult,
  Doorbell,
  type Message,
  messageSizeBytes,
  type PartitionHead,
  type Position,
  type RecordSlice,
  type StreamRecord,
  settled,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { silent, streamVanished } from "./errors.js";
import { JetStream, type Slice, type StoredMessage } from "./jet-stream.js";
import type { Names } from "./names.js";
import { headersOf, messageOf } from "./wire-message.js";

/** How often the ends of partitions are looked for although nothing was heard of them, in ms. */
const lookMs = 5_000;

/** How many messages one look takes of a partition at most. */
const messagesPerReadMax = 256;

/** How soon is looked again for what a replica of a stream does not have yet, and how long, in ms. */
const replicaLookMs = 25;
const replicaLagMsMax = 10_000;

/** One log on JetStream: a stream for each partition. Offsets are JetStream's sequences less one, so they begin at 0 and have no gaps. */
export class StreamLog {
  readonly partitions: number;
  /** Rings when records have come, from whatever process. */
  readonly news = new Doorbell();
  readonly #connection: Connection;
  readonly #jetStream: JetStream;
  readonly #names: Names;
  /** By partition: the highest `nextOffset` that was heard of. */
  readonly #ends = new Map<number, bigint>();
  #stopListening: (() => void) | undefined;

  constructor(connection: Connection, names: Names, partitions: number) {
    this.partitions = partitions;
    this.#connection = connection;
    this.#jetStream = new JetStream(connection);
    this.#names = names;
  }

  /** Appends each record on its own; JetStream keeps the order in which they are sent. */
  append(records: readonly { partition: number; message: Message }[]): Promise<BatchResult<Position>[]> {
    const nowMs = Date.now();
    return Promise.all(
      records.map(({ partition, message }) =>
        settled(
          this.#jetStream
            .publish(this.#names.subject(partition), message.payload, headersOf(message, nowMs))
            .then((sequence) => ({ partition, offset: offsetOf(sequence) })),
        ),
      ),
    );
  }

  /** The end of a partition as far as was heard of it, without asking. */
  endOf(partition: number): bigint {
    return this.#ends.get(partition) ?? 0n;
  }

  get allPartitions(): readonly number[] {
    return [...Array(this.partitions).keys()];
  }

  /** Asks where partitions begin and end, by partition. Begins to listen for news: what comes after this rings. */
  async heads(partitions: readonly number[]): Promise<Map<number, PartitionHead>> {
    this.#stopListening ??= this.#listen();
    const heads = await Promise.all(partitions.map((partition) => this.#head(partition)));
    for (const [index, { nextOffset }] of heads.entries()) this.#heard(partitions[index]!, nextOffset);
    return new Map(heads.map((head, index) => [partitions[index]!, head]));
  }

  /** Records of the slice. None: retention has removed all of them. */
  async read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): Promise<StreamRecord[]> {
    const giveUpAtMs = performance.now() + replicaLagMsMax;
    let first = from;
    while (performance.now() < giveUpAtMs) {
      const messagesMax = Math.min(recordsMax, messagesPerReadMax);
      const messages = await this.#slice(partition, { from: { seq: Number(first) + 1 }, messagesMax, bytesMax });
      if (messages.length > 0) return fitting(partition, messages, { end, bytesMax });
      const { retainedFrom } = (await this.heads([partition])).get(partition)!;
      if (retainedFrom >= end) return [];
      if (retainedFrom > first) first = retainedFrom;
      // Any replica may answer, also one that does not have the newest records yet.
      else await pause(replicaLookMs);
    }
    throw silent(this.#jetStream.address, replicaLagMsMax);
  }

  /** The offset of the first record that was appended at this time or later. `undefined`: there is none. */
  async offsetSince(partition: number, timeMs: number): Promise<bigint | undefined> {
    const from = { start_time: new Date(Math.ceil(timeMs)).toISOString() };
    const [first] = await this.#slice(partition, { from, messagesMax: 1, bytesMax: 1 });
    return first && offsetOf(first.sequence);
  }

  close(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #slice(partition: number, slice: Slice): Promise<StoredMessage[]> {
    return this.#jetStream.slice(this.#names.stream(partition), slice);
  }

  async #head(partition: number): Promise<PartitionHead> {
    const name = this.#names.stream(partition);
    const found = await this.#jetStream.find(name);
    if (found === undefined) throw streamVanished(this.#jetStream.address, name);
    const { messages, first_seq, last_seq } = found.state;
    const nextOffset = BigInt(last_seq);
    return { nextOffset, retainedFrom: messages === 0 ? nextOffset : offsetOf(first_seq) };
  }

  #listen(): () => void {
    const part = this.#names.bell(0).split(".").length - 1;
    const stops = [
      this.#connection.listen(this.#names.bell("*"), ({ subject, headers }) =>
        this.#heard(Number(subject.split(".")[part]), BigInt(headers?.last("Nats-Sequence") || 0)),
      ),
      // What was stored meanwhile was not heard of.
      this.#connection.onUp(() => void this.#look()),
    ];
    const timer = setInterval(() => void this.#look(), lookMs);
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }

  /** Whoever waits for news learns of an outage by what it does itself. */
  async #look(): Promise<void> {
    await this.heads(this.allPartitions).catch(() => {});
  }

  #heard(partition: number, nextOffset: bigint): void {
    if (nextOffset <= this.endOf(partition)) return;
    this.#ends.set(partition, nextOffset);
    this.news.ring();
  }
}

/** Those before `end` that fit, one at least. */
function fitting(
  partition: number,
  messages: readonly StoredMessage[],
  { end, bytesMax }: { readonly end: bigint; readonly bytesMax: number },
): StreamRecord[] {
  let bytesLeft = bytesMax;
  return messages
    .map((message) => recordOf(partition, message))
    .filter(({ offset, message }, index) => {
      bytesLeft -= messageSizeBytes(message);
      return offset < end && (index === 0 || bytesLeft >= 0);
    });
}

function offsetOf(sequence: number): bigint {
  return BigInt(sequence) - 1n;
}

function recordOf(partition: number, { sequence, timeMs, headers, payload }: StoredMessage): StreamRecord {
  const { message } = messageOf(headers, payload);
  return { partition, offset: offsetOf(sequence), appendedAtMs: timeMs, message };
}
