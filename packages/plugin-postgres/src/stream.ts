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
  settled,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Namespace } from "./namespace.js";
import type { Statement } from "./statement.js";
import { StreamCursor } from "./stream-cursor.js";
import { StreamGroup } from "./stream-group.js";
import { type PartitionHead, pollMs, StreamLog } from "./stream-log.js";

const describe: Statement = { name: "stream_describe", text: "SELECT * FROM stream_describe($1, $2)" };

/** One log in PostgreSQL: a table whose offsets are given in the order of the commits. */
export class PostgresStream implements Stream {
  readonly partitions: number;
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  readonly #log: StreamLog;
  readonly #groups = new Map<string, StreamGroup>();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(connection: Connection, namespace: Namespace, partitions: number) {
    this.partitions = partitions;
    this.#connection = connection;
    this.#namespace = namespace;
    this.#log = new StreamLog(connection, namespace);
  }

  /** Each record on its own; the group commit keeps their order and commits them together. */
  append(messages: readonly Message[], { deadlineMs }: CallContext): Promise<BatchResult<Position>[]> {
    const appended = messages.map((message) =>
      this.#log.append({ partition: this.#partitionFor(message), message }, deadlineMs),
    );
    return Promise.all(appended.map(settled));
  }

  async read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    const { start, limit, follow } = request;
    const heads = this.#wanted(await this.#log.heads(), request.partition);
    const cursor = new StreamCursor(this.#log);
    for (const [partition, head] of heads) {
      const offset = await this.#firstOffset(partition, head, start);
      cursor.add(partition, offset, follow ? undefined : head.nextOffset);
    }
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
    let behind = true;
    while (left > 0) {
      const { items, bytes } = await outlet.room();
      const seen = this.#log.news.rings;
      const records = await cursor.take({ items: Math.min(items, left), bytes });
      outlet.send(records);
      left -= records.length;
      if (behind && cursor.hasPassed((partition) => heads.get(partition)!.nextOffset)) {
        behind = false;
        outlet.caughtUp();
        if (!follow) return;
      }
      if (records.length === 0) await this.#log.news.rung(seen, pollMs, signal);
    }
  }

  async describe(group: string | undefined): Promise<StreamDescription> {
    const rows = await this.#log.run<{
      partition: number;
      earliest: bigint;
      next_offset: bigint;
      committed: bigint | null;
      lag: bigint;
    }>(describe, [group === undefined ? undefined : Buffer.from(group)]);
    return {
      partitions: rows.map(({ partition, earliest, next_offset, committed, lag }) => ({
        partition,
        earliestOffset: earliest,
        nextOffset: next_offset,
        committedOffset: committed ?? undefined,
        lag: group === undefined ? undefined : lag,
      })),
      ordering: this.partitions === 1 ? "total" : "per-partition",
    };
  }

  join({ group: name, start }: JoinRequest, outlet: MemberOutlet, { signal }: CallContext): Promise<GroupMember> {
    const known = this.#groups.get(name);
    const group =
      known ?? new StreamGroup({ connection: this.#connection, namespace: this.#namespace, log: this.#log, name });
    this.#groups.set(name, group);
    return group.join(outlet, { latest: start.kind === "latest", signal });
  }

  async close(): Promise<void> {
    for (const group of this.#groups.values()) await group.close();
    this.#log.close();
  }

  #partitionFor({ key }: Message): number {
    if (key !== "") return partitionOf(key, this.partitions);
    this.#turn = (this.#turn + 1) % this.partitions;
    return this.#turn;
  }

  #wanted(
    heads: ReadonlyMap<number, PartitionHead>,
    partition: number | undefined,
  ): ReadonlyMap<number, PartitionHead> {
    return partition === undefined ? heads : new Map([...heads].filter(([number]) => number === partition));
  }

  async #firstOffset(
    partition: number,
    { nextOffset, retainedFrom }: PartitionHead,
    start: ReadStart,
  ): Promise<bigint> {
    switch (start.kind) {
      case "earliest":
        return retainedFrom;
      case "latest":
        return nextOffset;
      case "time":
        return (await this.#log.offsetSince(partition, start.timeMs)) ?? nextOffset;
      case "offset":
        if (start.offset >= retainedFrom) return start.offset;
        throw offsetOutOfRangeError({ partition, offset: start.offset, earliestOffset: retainedFrom });
    }
  }
}
