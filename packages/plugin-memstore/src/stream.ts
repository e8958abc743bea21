import {
  type BatchResult,
  type CallContext,
  GroupCoordinator,
  type GroupMember,
  type JoinRequest,
  LogCursor,
  type MemberOutlet,
  type Message,
  type Position,
  type ReadRequest,
  type RecordOutlet,
  readLog,
  type Stream,
  type StreamDescription,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import { attempt } from "./attempt.js";
import type { ByteBudget } from "./byte-budget.js";
import { groupKeptBytes, placeKeptBytes, StreamGroup } from "./stream-group.js";
import { StreamLog, type StreamParts } from "./stream-log.js";

/** One log in memory. What does not wait runs to its end without yielding, which makes it atomic. */
export class MemoryStream implements Stream {
  readonly #budget: ByteBudget;
  readonly #log: StreamLog;
  readonly #groups = new Map<string, StreamGroup>();
  readonly #coordinator: GroupCoordinator;

  constructor(parts: StreamParts, options: StreamOptions) {
    this.#budget = parts.budget;
    this.#log = new StreamLog(parts, options);
    this.#coordinator = new GroupCoordinator(options.partitions);
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  /** How many records are held. */
  get records(): number {
    return this.#log.logs.reduce((sum, log) => sum + log.size, 0);
  }

  /** Changes what is kept. The number of partitions stays. */
  configure(options: StreamOptions): void {
    for (const log of this.#log.logs) log.configure(options);
  }

  append(messages: readonly Message[]): BatchResult<Position>[] {
    const results = messages.map((message) => attempt(() => this.#log.append(message)));
    this.#log.news.ring();
    return results;
  }

  read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    return readLog(this.#log, request, { outlet, signal });
  }

  describe(group: string | undefined): StreamDescription {
    const progress = group === undefined ? undefined : (this.#groups.get(group) ?? new StreamGroup());
    const partitions = this.#log.logs.map((log) => ({
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
    const cursor = new LogCursor(this.#log);
    const leaving = new AbortController();
    const seat = this.#coordinator.join(group, (partitions) => {
      cursor.keep(partitions);
      for (const log of partitions.map((partition) => this.#log.logs[partition]!)) {
        if (cursor.has(log.partition)) continue;
        progress.begin(log, start);
        cursor.add(log.partition, progress.next(log));
      }
      outlet.assigned(partitions);
      this.#log.news.ring();
    });
    const ended = AbortSignal.any([signal, leaving.signal]);
    void cursor.deliver(outlet, ended).catch((error) => {
      if (!ended.aborted) outlet.failed(error);
    });
    return {
      commit: (positions) => positions.filter((position) => seat.has(position.partition) && progress.commit(position)),
      leave: () => {
        leaving.abort();
        cursor.keep([]);
        seat.leave();
      },
    };
  }

  /** Lets everything go, and stops the timers. Returns how many records there were. */
  clear(): number {
    const { records } = this;
    for (const log of this.#log.logs) log.clear();
    this.#budget.add(-this.#groups.size * this.#groupBytes);
    this.#groups.clear();
    return records;
  }

  /** A group that has a place in every partition. */
  get #groupBytes(): number {
    return groupKeptBytes + this.partitions * placeKeptBytes;
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
