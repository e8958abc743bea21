import type { GroupMember, JoinRequest, Outlet, Position } from "@prism-data/pattern-sdk";
import type { Kafka } from "kafkajs";
import type { CommittedOffset } from "./cluster.js";
import { committedBy, type Generation, GroupMembership } from "./group-membership.js";
import { type GroupProgress, noteOf, partitionsAtBegin, progressOf } from "./group-progress.js";
import { PartitionReader, waitMs } from "./partition-reader.js";
import type { KafkaRecord } from "./record-codec.js";
import { TopicLink } from "./topic-link.js";

/** Where a member puts what it is told; the SDK's `MemberOutlet` is one. */
export interface GroupOutlet extends Outlet<KafkaRecord> {
  /** A partition was added: where the group is in it. Its records follow. */
  begun?(place: CommittedOffset): void;
  assigned(partitions: readonly number[]): void;
  failed(error: unknown): void;
}

/** Where a group is in a partition: a `CommittedOffset` that has something beside it. */
type KnownPlace = CommittedOffset & { readonly metadata: string };

export interface MemberOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  readonly start: JoinRequest["start"];
  readonly outlet: GroupOutlet;
}

/** A member of a group: delivers what its partitions hold from the last commit on. */
export class KafkaGroupMember implements GroupMember {
  readonly #options: MemberOptions;
  readonly #membership: GroupMembership;
  readonly #records: TopicLink;
  readonly #coordination: TopicLink;
  readonly #reader: PartitionReader;
  readonly #progress = new Map<number, GroupProgress>();
  readonly #leaving = new AbortController();
  /** How many partitions there were when the group began. */
  #partitionsAtBegin: number;
  readonly #ended: Promise<unknown>;

  constructor(options: MemberOptions) {
    const { kafka, topic, groupId, partitions, sessionTimeoutMs } = options;
    this.#options = options;
    this.#partitionsAtBegin = partitions;
    this.#records = new TopicLink(kafka, topic);
    this.#coordination = new TopicLink(kafka, topic);
    this.#reader = new PartitionReader(this.#records, waitMs);
    this.#membership = new GroupMembership({
      ...{ link: this.#coordination, groupId, partitions, sessionTimeoutMs },
      onExpelled: () => this.#keep([]),
      onAssigned: (assigned, generation) => this.#assigned(assigned, generation),
    });
    this.#ended = Promise.all([this.#guarded(this.#keepMembership()), this.#guarded(this.#deliver())]);
  }

  async commit(positions: readonly Position[]): Promise<readonly Position[]> {
    const metadata = noteOf(this.#partitionsAtBegin, "committed");
    const places = positions.map(({ partition, offset }) => ({ partition, offset: String(offset + 1n), metadata }));
    const counting = await this.commitPlaces(places);
    return counting.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) - 1n }));
  }

  /** Commits where the group is; says for each partition the next offset. Returns those that counted, as for `commit`. */
  async commitPlaces(places: readonly KnownPlace[]): Promise<readonly KnownPlace[]> {
    while (!this.#leaving.signal.aborted) {
      const generation = await this.#current();
      if (generation === undefined) break;
      const counting = places.filter((place) => this.#counts(place));
      if (counting.length === 0) return [];
      try {
        await this.#membership.commit(generation, counting);
        for (const { partition, offset } of counting) {
          const next = BigInt(offset);
          this.#progress.set(partition, { next, committed: next - 1n });
        }
        return counting;
      } catch (error) {
        if (!this.#membership.noticed(error, generation)) throw error;
      }
    }
    return [];
  }

  async leave(): Promise<void> {
    this.#stop();
    await this.#records.close();
    await this.#ended;
  }

  #stop(): void {
    this.#leaving.abort();
    this.#membership.wake();
  }

  async #guarded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      this.#stop();
      this.#options.outlet.failed(error);
    }
  }

  async #keepMembership(): Promise<void> {
    try {
      await this.#membership.keep(this.#leaving.signal);
    } finally {
      await this.#coordination.close();
    }
  }

  async #deliver(): Promise<void> {
    const { outlet } = this.#options;
    try {
      while (!this.#leaving.signal.aborted) {
        const room = await outlet.room();
        if ((await this.#current()) === undefined) return;
        const records = this.#reader.take(room);
        outlet.send(records);
        if (records.length === 0) await this.#more();
      }
    } finally {
      await this.#records.close();
    }
  }

  async #more(): Promise<void> {
    const { signal } = this.#leaving;
    if (this.#progress.size > 0) await this.#reader.fetch(signal);
    else await this.#membership.changes;
  }

  /** The generation in which the member may act; waits for it. `undefined`: the member leaves. */
  async #current(): Promise<Generation | undefined> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const { current } = this.#membership;
      if (current !== undefined) return current;
      await this.#membership.changes;
    }
    return undefined;
  }

  #counts({ partition, offset }: KnownPlace): boolean {
    const progress = this.#progress.get(partition);
    return progress !== undefined && BigInt(offset) > (progress.committed ?? -1n);
  }

  /** Goes on with the partitions that it had, and begins with the others where the group is. */
  async #assigned(partitions: readonly number[], generation: Generation): Promise<void> {
    const had = [...this.#progress.keys()];
    const added = partitions.filter((partition) => !this.#progress.has(partition));
    if (added.length > 0) await this.#begin(added, generation);
    this.#drop(had.filter((partition) => !partitions.includes(partition)));
    this.#options.outlet.assigned(partitions);
  }

  async #begin(partitions: readonly number[], generation: Generation): Promise<void> {
    const { groupId, start, partitions: count } = this.#options;
    const [ends, earliest, committed] = await Promise.all([
      this.#coordination.offsets(partitions, "latest"),
      this.#coordination.offsets(partitions, "earliest"),
      committedBy(this.#coordination, groupId, [...Array(count).keys()]),
    ]);
    this.#partitionsAtBegin = partitionsAtBegin(committed.values()) ?? count;
    // What was added after the group had begun is all new to it.
    const beginOf = (partition: number) =>
      (start.kind === "earliest" || partition >= this.#partitionsAtBegin ? earliest : ends).get(partition)!;
    const fresh = partitions.filter((partition) => !committed.has(partition));
    // The first member's choice counts until something is committed, or records would be skipped.
    const metadata = noteOf(this.#partitionsAtBegin, "begun");
    const marks = fresh.map((partition) => ({ partition, offset: String(beginOf(partition)), metadata }));
    if (marks.length > 0) await this.#membership.commit(generation, marks);
    for (const partition of partitions) {
      const place = committed.get(partition) ?? marks.find((mark) => mark.partition === partition)!;
      const progress = progressOf(place);
      this.#progress.set(partition, progress);
      this.#options.outlet.begun?.(place);
      this.#reader.add(partition, progress.next, { known: ends.get(partition)! });
    }
  }

  #keep(partitions: readonly number[]): void {
    this.#drop([...this.#progress.keys()].filter((partition) => !partitions.includes(partition)));
    this.#options.outlet.assigned(partitions);
  }

  #drop(partitions: readonly number[]): void {
    for (const partition of partitions) this.#progress.delete(partition);
    this.#reader.keep([...this.#progress.keys()]);
  }
}
