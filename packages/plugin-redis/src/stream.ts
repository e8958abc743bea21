import {
  type BatchResult,
  type CallContext,
  type GroupMember,
  type JoinRequest,
  type Logger,
  type MemberOutlet,
  type Message,
  type PartitionDescription,
  type PartitionHead,
  type Position,
  partitionOf,
  type ReadRequest,
  type RecordOutlet,
  readLog,
  type Stream,
  type StreamDescription,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import { encodeName } from "./key-space.js";
import { StreamGroup } from "./stream-group.js";
import { StreamLog, type StreamLogOptions } from "./stream-log.js";
import { Sweep } from "./sweep.js";

export interface RedisStreamOptions extends StreamLogOptions {
  /** Its connection shows that this process is there. */
  readonly feed: ChangeFeed;
  readonly silenceTimeoutMs: number;
  readonly database: number;
  readonly log: Logger;
}

/** One log in Redis: a Redis stream per partition. */
export class RedisStream implements Stream {
  readonly partitions: number;
  readonly #options: RedisStreamOptions;
  readonly #log: StreamLog;
  readonly #sweep: Sweep | undefined;
  readonly #groups = new Map<string, StreamGroup>();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(options: RedisStreamOptions) {
    const { connection, log, partitions, retentionMs, retentionBytes } = options;
    this.partitions = partitions;
    this.#options = options;
    this.#log = new StreamLog(options);
    if (retentionMs !== undefined || retentionBytes !== undefined)
      this.#sweep = new Sweep({ connection, log, run: () => this.#log.retain() });
  }

  async append(messages: readonly Message[]): Promise<BatchResult<Position>[]> {
    const records = messages.map((message) => ({ partition: this.#partitionFor(message), message }));
    return (await this.#log.append(records)).map((result) => ({ ok: true, result }));
  }

  read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    return readLog(this.#log, request, { outlet, signal });
  }

  async describe(group: string | undefined): Promise<StreamDescription> {
    const heads = await this.#log.heads([...Array(this.partitions).keys()]);
    const places = group === undefined ? undefined : await this.#log.hash(`places:${encodeName(group)}`);
    return {
      partitions: [...heads].map(([partition, head]) => ({
        partition,
        earliestOffset: head.retainedFrom,
        nextOffset: head.nextOffset,
        ...(places && progressOf(places, partition, head)),
      })),
      ordering: this.partitions === 1 ? "total" : "per-partition",
    };
  }

  join(request: JoinRequest, outlet: MemberOutlet, { signal }: CallContext): Promise<GroupMember> {
    const { group: name } = request;
    const { feed, silenceTimeoutMs, base, database } = this.#options;
    const group =
      this.#groups.get(name) ?? new StreamGroup({ log: this.#log, feed, silenceTimeoutMs, base, database, name });
    this.#groups.set(name, group);
    return group.join(request, outlet, signal);
  }

  async close(): Promise<void> {
    this.#sweep?.close();
    for (const group of this.#groups.values()) await group.close();
    this.#log.close();
  }

  #partitionFor({ key }: Message): number {
    if (key !== "") return partitionOf(key, this.partitions);
    this.#turn = (this.#turn + 1) % this.partitions;
    return this.#turn;
  }
}

/** How far a group has come in a partition. */
function progressOf(
  places: ReadonlyMap<string, string>,
  partition: number,
  { nextOffset, retainedFrom }: PartitionHead,
): Pick<PartitionDescription, "committedOffset" | "lag"> {
  const committed = places.get(`committed:${partition}`);
  const committedOffset = committed === undefined ? undefined : BigInt(committed);
  const begun = BigInt(places.get(`begun:${partition}`) ?? 0);
  const from = committedOffset === undefined ? begun : committedOffset + 1n;
  const lag = nextOffset - (from > retainedFrom ? from : retainedFrom);
  return { committedOffset, lag: lag > 0n ? lag : 0n };
}
