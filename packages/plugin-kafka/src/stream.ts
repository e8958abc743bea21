import {
  type BatchResult,
  type CallContext,
  type GroupMember,
  type JoinRequest,
  type MemberOutlet,
  type Message,
  offsetOutOfRangeError,
  type Position,
  partitionOf,
  type ReadRequest,
  type ReadStart,
  type RecordOutlet,
  type Stream,
  type StreamDescription,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { KafkaGroupMember } from "./group-member.js";
import { committedBy } from "./group-membership.js";
import { progressOf } from "./group-progress.js";
import { groupIdOf } from "./names.js";
import { PartitionReader, waitMs } from "./partition-reader.js";
import { encodeRecord } from "./record-codec.js";
import { RecordProducer } from "./record-producer.js";
import { type Offsets, TopicLink } from "./topic-link.js";

export interface KafkaStreamOptions {
  readonly connection: Connection;
  readonly topic: string;
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
}

/** One log, which is one topic. */
export class KafkaStream implements Stream {
  readonly partitions: number;
  readonly #options: KafkaStreamOptions;
  readonly #producer: RecordProducer;
  /** For what is answered at once. */
  readonly #link: TopicLink;
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(options: KafkaStreamOptions) {
    const { connection, topic, partitions } = options;
    this.#options = options;
    this.partitions = partitions;
    this.#producer = new RecordProducer(connection.writing, topic);
    this.#link = new TopicLink(connection.kafka, topic);
  }

  append(messages: readonly Message[], { signal }: CallContext): Promise<BatchResult<Position>[]> {
    this.#options.connection.requireReachable();
    const sending = messages.map((message) => {
      const record = encodeRecord(message, { partition: this.#partitionFor(message) });
      return this.#producer.send(record, signal);
    });
    return Promise.all(sending);
  }

  async read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    const { connection, topic } = this.#options;
    connection.requireReachable();
    // A reader that waits would keep others waiting on the same connection.
    const link = request.follow ? new TopicLink(connection.kafka, topic) : this.#link;
    try {
      await this.#readFrom(link, request, outlet, signal);
    } finally {
      if (request.follow) await link.close();
    }
  }

  async describe(group: string | undefined): Promise<StreamDescription> {
    this.#options.connection.requireReachable();
    const numbers = [...Array(this.partitions).keys()];
    const [earliest, latest, committed] = await Promise.all([
      this.#link.offsets(numbers, "earliest"),
      this.#link.offsets(numbers, "latest"),
      group === undefined ? undefined : committedBy(this.#link, groupIdOf(this.#options.topic, group), numbers),
    ]);
    const partitions = numbers.map((partition) => {
      const bounds = { earliestOffset: earliest.get(partition)!, nextOffset: latest.get(partition)! };
      if (committed === undefined) return { partition, ...bounds };
      const kept = committed.get(partition);
      const progress = kept && progressOf(kept);
      return { partition, ...bounds, committedOffset: progress?.committed, lag: lagOf(bounds, progress?.next) };
    });
    return { partitions, ordering: this.partitions === 1 ? "total" : "per-partition" };
  }

  join({ group, start }: JoinRequest, outlet: MemberOutlet): GroupMember {
    const { connection, topic, partitions, sessionTimeoutMs } = this.#options;
    connection.requireReachable();
    const groupId = groupIdOf(topic, group);
    const { kafka } = connection;
    return new KafkaGroupMember({ kafka, topic, groupId, partitions, sessionTimeoutMs, start, outlet });
  }

  /** Ends the connections. Readers and members have ended. */
  async close(): Promise<void> {
    await Promise.all([this.#producer.close(), this.#link.close()]);
  }

  async #readFrom(link: TopicLink, request: ReadRequest, outlet: RecordOutlet, signal: AbortSignal): Promise<void> {
    const { partition, start, limit, follow } = request;
    const numbers = partition === undefined ? [...Array(this.partitions).keys()] : [partition];
    const ends = await link.offsets(numbers, "latest", signal);
    const firsts = await firstOffsets(link, start, ends, signal);
    const reader = new PartitionReader(link, follow ? waitMs : 0);
    for (const one of numbers) {
      const known = ends.get(one)!;
      reader.add(one, firsts.get(one)!, { known, end: follow ? undefined : known });
    }
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
    let behind = true;
    while (left > 0) {
      const { items, bytes } = await outlet.room();
      const records = reader.take({ items: Math.min(items, left), bytes });
      outlet.send(records);
      left -= records.length;
      if (behind && reader.hasPassed((one) => ends.get(one)!)) {
        behind = false;
        outlet.caughtUp();
        if (!follow) return;
      }
      if (records.length === 0) await reader.fetch(signal);
    }
  }

  #partitionFor({ key }: Message): number {
    if (key !== "") return partitionOf(key, this.partitions);
    this.#turn = (this.#turn + 1) % this.partitions;
    return this.#turn;
  }
}

async function firstOffsets(link: TopicLink, start: ReadStart, ends: Offsets, signal: AbortSignal): Promise<Offsets> {
  const partitions = [...ends.keys()];
  switch (start.kind) {
    case "latest":
      return ends;
    case "earliest":
      return link.offsets(partitions, "earliest", signal);
    case "time":
      return link.offsets(partitions, { timeMs: Math.ceil(start.timeMs) }, signal);
    case "offset": {
      const earliest = await link.offsets(partitions, "earliest", signal);
      for (const [partition, earliestOffset] of earliest) {
        if (start.offset >= earliestOffset) continue;
        throw offsetOutOfRangeError({ partition, offset: start.offset, earliestOffset });
      }
      return new Map(partitions.map((partition) => [partition, start.offset]));
    }
  }
}

/** Offsets of these topics have no gaps: the plugin writes no transactions and lets nothing be compacted. */
function lagOf(bounds: { earliestOffset: bigint; nextOffset: bigint }, next: bigint | undefined): bigint {
  const from = next === undefined || next < bounds.earliestOffset ? bounds.earliestOffset : next;
  return from < bounds.nextOffset ? bounds.nextOffset - from : 0n;
}
