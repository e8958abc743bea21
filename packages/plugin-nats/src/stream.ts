import {
  type BatchResult,
  type CallContext,
  type GroupMember,
  type JoinRequest,
  type MemberOutlet,
  type Message,
  type PartitionHead,
  type Position,
  partitionOf,
  type ReadRequest,
  type RecordOutlet,
  readLog,
  type Stream,
  type StreamDescription,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Names } from "./names.js";
import { StreamGroup } from "./stream-group.js";
import { StreamLog } from "./stream-log.js";
import { StreamPlaces } from "./stream-places.js";
import { StreamReader } from "./stream-reader.js";

/** One log on JetStream. */
export class NatsStream implements Stream {
  readonly partitions: number;
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #log: StreamLog;
  readonly #groups = new Map<string, StreamGroup>();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(connection: Connection, names: Names, partitions: number) {
    this.partitions = partitions;
    this.#connection = connection;
    this.#names = names;
    this.#log = new StreamLog(connection, names, partitions);
  }

  append(messages: readonly Message[]): Promise<readonly BatchResult<Position>[]> {
    return this.#log.append(messages.map((message) => ({ partition: this.#partitionFor(message), message })));
  }

  read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    return readLog(new StreamReader(this.#log), request, { outlet, signal });
  }

  async describe(group: string | undefined): Promise<StreamDescription> {
    const heads = await this.#log.heads(this.#log.allPartitions);
    const places = group === undefined ? undefined : new StreamPlaces(this.#connection, this.#names, group);
    const partitions = [...heads].map(async ([partition, head]) => {
      const bounds = { partition, earliestOffset: head.retainedFrom, nextOffset: head.nextOffset };
      if (places === undefined) return bounds;
      const { place } = await places.find(partition);
      return { ...bounds, committedOffset: place?.committed, lag: lagOf(head, place?.next) };
    });
    return {
      partitions: await Promise.all(partitions),
      ordering: this.partitions === 1 ? "total" : "per-partition",
    };
  }

  join({ group: name, start }: JoinRequest, outlet: MemberOutlet, { signal }: CallContext): Promise<GroupMember> {
    const known = this.#groups.get(name);
    const group = known ?? new StreamGroup(this.#connection, this.#names, this.#log, name);
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

/** Offsets have no gaps. */
function lagOf({ retainedFrom, nextOffset }: PartitionHead, next = retainedFrom): bigint {
  const from = next < retainedFrom ? retainedFrom : next;
  return from < nextOffset ? nextOffset - from : 0n;
}
