import {
  type BatchResult,
  type CallContext,
  GroupCoordinator,
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
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import { attempt } from "./attempt.js";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { Doorbell } from "./doorbell.js";
import { LogCursor } from "./log-cursor.js";
import { PartitionLog } from "./partition-log.js";
import { groupKeptBytes, placeKeptBytes, StreamGroup } from "./stream-group.js";

/** What all logs of a backend share. */
export interface StreamParts {
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

/** One log in memory. What does not wait runs to its end without yielding, which makes it atomic. */
export class MemoryStream implements Stream {
  readonly #budget: ByteBudget;
  readonly #logs: readonly PartitionLog[];
  readonly #groups = new Map<string, StreamGroup>();
  readonly #coordinator: GroupCoordinator;
  /** Rings when records or assignments have come. */
  readonly #news = new Doorbell();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor({ budget, clock }: StreamParts, options: StreamOptions) {
    const numbers = [...Array(options.partitions).keys()];
    this.#budget = budget;
    this.#logs = numbers.map((partition) => new PartitionLog({ partition, budget, clock }, options));
    this.#coordinator = new GroupCoordinator(options.partitions);
  }

  get partitions(): number {
    return this.#logs.length;
  }

  /** How many records are held. */
  get records(): number {
    return this.#logs.reduce((sum, log) => sum + log.size, 0);
  }

  /** Changes what is kept. The number of partitions stays. */
  configure(options: StreamOptions): void {
    for (const log of this.#logs) log.configure(options);
  }

  append(messages: readonly Message[]): BatchResult<Position>[] {
    const results = messages.map((message) => attempt(() => this.#logFor(message).append(message)));
    this.#news.ring();
    return results.map((result) => (result.ok ? { ok: true, result: positionOf(result.result) } : result));
  }

  async read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    const { partition, start, limit, follow } = request;
    const logs = partition === undefined ? this.#logs : [this.#logs[partition]!];
    const ends = new Map(logs.map((log) => [log.partition, log.nextOffset]));
    const cursor = new LogCursor();
    for (const log of logs) cursor.add(log, firstOffset(log, start), follow ? undefined : log.nextOffset);
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
    let behind = true;
    while (left > 0) {
      const { items, bytes } = await outlet.room();
      const records = cursor.take({ items: Math.min(items, left), bytes });
      outlet.send(records);
      left -= records.length;
      if (behind && cursor.hasPassed((one) => ends.get(one)!)) {
        behind = false;
        outlet.caughtUp();
        if (!follow) return;
      }
      if (records.length === 0) await this.#news.rung(signal);
    }
  }

  describe(group: string | undefined): StreamDescription {
    const progress = group === undefined ? undefined : (this.#groups.get(group) ?? new StreamGroup());
    const partitions = this.#logs.map((log) => ({
      partition: log.partition,
      earliestOffset: log.earliestOffset,
      nextOffset: log.nextOffset,
      committedOffset: progress?.committed(log.partition),
      lag: progress && BigInt(log.countFrom(progress.next(log))),
    }));
    return { partitions, ordering: partitions.length === 1 ? "total" : "per-partition" };
  }

  join({ group, start }: JoinRequest, outlet: MemberOutlet, { signal }: CallContext): GroupMember {
    const progress = this.#group(group);
    const cursor = new LogCursor();
    const leaving = new AbortController();
    const seat = this.#coordinator.join(group, (partitions) => {
      cursor.keep(partitions);
      for (const log of partitions.map((partition) => this.#logs[partition]!)) {
        if (cursor.has(log.partition)) continue;
        progress.begin(log, start);
        cursor.add(log, progress.next(log));
      }
      outlet.assigned(partitions);
      this.#news.ring();
    });
    void this.#deliver(cursor, outlet, AbortSignal.any([signal, leaving.signal]));
    return {
      commit: (positions) => positions.filter((position) => seat.has(position.partition) && progress.commit(position)),
      leave: () => {
        leaving.abort();
        seat.leave();
      },
    };
  }

  /** Lets everything go, and stops the timers. Returns how many records there were. */
  clear(): number {
    const { records } = this;
    for (const log of this.#logs) log.clear();
    this.#budget.add(-this.#groups.size * this.#groupBytes);
    this.#groups.clear();
    return records;
  }

  async #deliver(cursor: LogCursor, outlet: MemberOutlet, ended: AbortSignal): Promise<void> {
    try {
      while (!ended.aborted) {
        const room = await outlet.room();
        if (ended.aborted) return;
        const records = cursor.take(room);
        outlet.send(records);
        if (records.length === 0) await this.#news.rung(ended);
      }
    } catch (error) {
      if (!ended.aborted) outlet.failed(error);
    }
  }

  #logFor({ key }: Message): PartitionLog {
    if (key !== "") return this.#logs[partitionOf(key, this.#logs.length)]!;
    this.#turn = (this.#turn + 1) % this.#logs.length;
    return this.#logs[this.#turn]!;
  }

  /** A group that has a place in every partition. */
  get #groupBytes(): number {
    return groupKeptBytes + this.#logs.length * placeKeptBytes;
  }

  #group(name: string): StreamGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    this.#budget.requireRoom(this.#groupBytes);
    this.#budget.add(this.#groupBytes);
    const group = new StreamGroup();
    this.#groups.set(name, group);
    return group;
  }
}

function positionOf({ partition, offset }: Position): Position {
  return { partition, offset };
}

function firstOffset(log: PartitionLog, start: ReadStart): bigint {
  switch (start.kind) {
    case "earliest":
      return 0n;
    case "latest":
      return log.nextOffset;
    case "time":
      return log.offsetSince(start.timeMs);
    case "offset": {
      const earliestOffset = log.retainedFrom;
      if (start.offset >= earliestOffset) return start.offset;
      throw offsetOutOfRangeError({ partition: log.partition, offset: start.offset, earliestOffset });
    }
  }
}
