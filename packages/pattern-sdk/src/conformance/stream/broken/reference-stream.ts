import type { Awaitable } from "../../../awaitable.js";
import type { CallContext } from "../../../call-context.js";
import type { BatchResult } from "../../../patterns/batch-result.js";
import type { Message } from "../../../patterns/messaging/message.js";
import { messageSizeBytes } from "../../../patterns/messaging/message-size.js";
import type { Room } from "../../../patterns/messaging/outlet.js";
import { GroupCoordinator } from "../../../patterns/stream/group-coordinator.js";
import { partitionOf } from "../../../patterns/stream/partition-of.js";
import type {
  GroupMember,
  JoinRequest,
  MemberOutlet,
  Position,
  ReadRequest,
  ReadStart,
  RecordOutlet,
  Stream,
  StreamDescription,
  StreamOptions,
  StreamRecord,
} from "../../../patterns/stream/stream.js";
import { offsetOutOfRangeError } from "../../../patterns/stream/stream-errors.js";
import { ReferenceGroup } from "./reference-group.js";

/**
 * A log that is correct and as plain as can be, made of small steps: it looks at every record for every question. A broken one is
 * this one with one step done wrong.
 */
export class ReferenceStream implements Stream {
  readonly appended: StreamRecord[] = [];
  readonly groups = new Map<string, ReferenceGroup>();
  coordinator: GroupCoordinator;
  partitions: number;
  options: StreamOptions;
  /** Resolved, and made anew, when something has changed. */
  #change = Promise.withResolvers<void>();

  constructor(options: StreamOptions) {
    this.options = options;
    this.partitions = options.partitions;
    this.coordinator = new GroupCoordinator(options.partitions);
  }

  /** Adds partitions. Who reads is ended by the host; a group that there is begins at the first record of what is new. */
  grow(partitions: number): void {
    for (const group of this.groups.values()) {
      for (let added = this.partitions; added < partitions; added++) group.begin(added, 0n);
    }
    this.partitions = partitions;
    this.coordinator = new GroupCoordinator(partitions);
  }

  append(messages: readonly Message[]): Awaitable<readonly BatchResult<Position>[]> {
    const results = messages.map((message) => this.add(message));
    this.changed();
    return results.map(({ partition, offset }) => ({ ok: true, result: { partition, offset } }));
  }

  async read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    const { partition, start, limit, follow } = request;
    const wanted = partition === undefined ? this.numbers : [partition];
    const ends = new Map(wanted.map((one) => [one, this.nextOffset(one)]));
    const places = new Map(wanted.map((one) => [one, this.firstOffset(one, start)]));
    const isBeforeEnd = ({ partition: one, offset }: StreamRecord) => follow || offset < ends.get(one)!;
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
    let told = false;
    while (!signal.aborted && left > 0) {
      const room = await outlet.room();
      const change = this.#change.promise;
      const records = this.take(places, { ...room, items: Math.min(room.items, left) }).filter(isBeforeEnd);
      outlet.send(records);
      left -= records.length;
      const isDone = wanted.every((one) =>
        this.from(one, places.get(one)!).every(({ offset }) => offset >= ends.get(one)!),
      );
      if (isDone && !told) {
        told = true;
        outlet.caughtUp();
      }
      if (isDone && !follow) return;
      if (records.length === 0) await Promise.race([change, aborted(signal)]);
    }
  }

  describe(group: string | undefined): Awaitable<StreamDescription> {
    const progress = group === undefined ? undefined : (this.groups.get(group) ?? new ReferenceGroup());
    const partitions = this.numbers.map((partition) => ({
      partition,
      earliestOffset: this.from(partition, 0n)[0]?.offset ?? this.nextOffset(partition),
      nextOffset: this.nextOffset(partition),
      committedOffset: progress?.committed.get(partition),
      lag: progress && BigInt(this.from(partition, progress.next(partition)).length),
    }));
    return { partitions, ordering: "per-partition" };
  }

  join({ group, start }: JoinRequest, outlet: MemberOutlet, { signal }: CallContext): Awaitable<GroupMember> {
    const progress = this.groups.get(group) ?? new ReferenceGroup();
    this.groups.set(group, progress);
    const places = new Map<number, bigint>();
    const seat = this.coordinator.join(group, (partitions) => {
      for (const partition of places.keys()) if (!partitions.includes(partition)) places.delete(partition);
      for (const partition of partitions) {
        if (places.has(partition)) continue;
        progress.begin(partition, start.kind === "latest" ? this.nextOffset(partition) : 0n);
        places.set(partition, progress.next(partition));
      }
      outlet.assigned(partitions);
      this.changed();
    });
    const leaving = new AbortController();
    void this.deliver(places, outlet, AbortSignal.any([signal, leaving.signal]));
    return {
      commit: (positions) => positions.filter((position) => seat.has(position.partition) && progress.commit(position)),
      leave: () => {
        leaving.abort();
        seat.leave();
      },
    };
  }

  async deliver(places: Map<number, bigint>, outlet: MemberOutlet, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const room = await outlet.room();
        if (signal.aborted) return;
        const change = this.#change.promise;
        const records = this.take(places, room);
        outlet.send(records);
        if (records.length === 0) await Promise.race([change, aborted(signal)]);
      }
    } catch (error) {
      if (!signal.aborted) outlet.failed(error);
    }
  }

  get numbers(): readonly number[] {
    return [...Array(this.partitions).keys()];
  }

  changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  add(message: Message): StreamRecord {
    const partition = this.partitionFor(message);
    const record = { partition, offset: this.nextOffset(partition), message, appendedAtMs: Date.now() };
    this.appended.push(record);
    return record;
  }

  partitionFor({ key }: Message): number {
    return key === "" ? this.appended.length % this.partitions : partitionOf(key, this.partitions);
  }

  nextOffset(partition: number): bigint {
    return (this.appended.findLast((record) => record.partition === partition)?.offset ?? -1n) + 1n;
  }

  firstOffset(partition: number, start: ReadStart): bigint {
    if (start.kind === "earliest") return 0n;
    if (start.kind === "latest") return this.nextOffset(partition);
    if (start.kind === "time") {
      const first = this.from(partition, 0n).find(({ appendedAtMs }) => appendedAtMs >= start.timeMs);
      return first?.offset ?? this.nextOffset(partition);
    }
    const earliestOffset = this.kept(partition)[0]?.offset ?? this.nextOffset(partition);
    if (start.offset >= earliestOffset) return start.offset;
    throw offsetOutOfRangeError({ partition, offset: start.offset, earliestOffset });
  }

  /** The records of a partition from an offset on, as they are there now. */
  from(partition: number, offset: bigint): readonly StreamRecord[] {
    return this.compacted(this.kept(partition)).filter((record) => record.offset >= offset);
  }

  /** What retention has left. */
  kept(partition: number): readonly StreamRecord[] {
    this.removeOld(partition);
    return this.appended.filter(
      (record) => record.partition === partition && this.keptFrom(partition) <= record.offset,
    );
  }

  readonly #keptFrom = new Map<number, bigint>();

  keptFrom(partition: number): bigint {
    return this.#keptFrom.get(partition) ?? 0n;
  }

  removeOld(partition: number): void {
    const { retentionMs = Number.POSITIVE_INFINITY, retentionBytes = Number.POSITIVE_INFINITY } = this.options;
    const oldestMs = Date.now() - retentionMs;
    const records = this.appended.filter((record) => record.partition === partition);
    let bytes = 0;
    const firstKept = records.findLastIndex(({ appendedAtMs, message }) => {
      bytes += messageSizeBytes(message);
      return appendedAtMs <= oldestMs || (bytes > retentionBytes && bytes > messageSizeBytes(message));
    });
    const from = firstKept < 0 ? 0n : records[firstKept]!.offset + 1n;
    if (from > this.keptFrom(partition)) this.#keptFrom.set(partition, from);
  }

  compacted(records: readonly StreamRecord[]): readonly StreamRecord[] {
    if (!this.options.compaction) return records;
    const lastOf = new Map(records.map(({ message, offset }) => [message.key, offset]));
    return records.filter(({ message, offset }) => message.key === "" || lastOf.get(message.key) === offset);
  }

  /** Takes what there is room for, and moves the places on. */
  take(places: Map<number, bigint>, { items, bytes }: Room): readonly StreamRecord[] {
    const taken: StreamRecord[] = [];
    let sizeBytes = 0;
    for (const [partition, place] of places) {
      for (const record of this.from(partition, place)) {
        sizeBytes += messageSizeBytes(record.message);
        if (taken.length === items || (taken.length > 0 && sizeBytes > bytes)) return taken;
        taken.push(record);
        places.set(partition, record.offset + 1n);
      }
    }
    return taken;
  }

  clear(): void {
    this.appended.length = 0;
    this.groups.clear();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
