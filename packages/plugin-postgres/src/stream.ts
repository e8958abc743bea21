import {
  type BatchResult,
  type CallContext,
  type GroupMember,
  type JoinRequest,
  type MemberOutlet,
  type Message,
  type Position,
  partitionOf,
  type ReadRequest,
  type RecordOutlet,
  readLog,
  type Stream,
  type StreamDescription,
  settled,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Namespace } from "./namespace.js";
import type { Statement } from "./statement.js";
import { StreamGroup } from "./stream-group.js";
import { StreamLog } from "./stream-log.js";

const describe: Statement = { name: "stream_describe", text: "SELECT * FROM stream_describe($1, $2)" };

/** One log in PostgreSQL: a table whose offsets are given in the order of the commits. */
export class PostgresStream implements Stream {
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  readonly #log: StreamLog;
  readonly #groups = new Map<string, StreamGroup>();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(connection: Connection, namespace: Namespace, partitions: number) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#log = new StreamLog(connection, namespace, partitions);
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  /** Each record on its own; the group commit keeps their order and commits them together. */
  append(messages: readonly Message[], { deadlineMs }: CallContext): Promise<BatchResult<Position>[]> {
    const appended = messages.map((message) =>
      this.#log.append({ partition: this.#partitionFor(message), message }, deadlineMs),
    );
    return Promise.all(appended.map(settled));
  }

  read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    return readLog(this.#log, request, { outlet, signal });
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
}
