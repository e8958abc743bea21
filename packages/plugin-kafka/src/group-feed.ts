import { setTimeout as pause } from "node:timers/promises";
import { isBackendAway, type Room } from "@prism-data/pattern-sdk";
import type { Kafka } from "kafkajs";
import type { CommittedOffset } from "./cluster.js";
import { DeliveryWindow, type Entry } from "./delivery-window.js";
import { membershipLost } from "./errors.js";
import type { Feed } from "./feed.js";
import { markOf, runsOf } from "./group-mark.js";
import { type GroupOutlet, KafkaGroupMember } from "./group-member.js";
import { committedBy } from "./group-membership.js";
import type { KafkaRecord } from "./record-codec.js";
import type { TopicLink } from "./topic-link.js";
import { onlyPartition } from "./topics.js";

/** How soon the group is joined again when the brokers are away, and how often it is looked up whether another process has begun it. */
const lookAgainMs = 250;

/** So many records that are not wanted are skipped before that is committed. */
const skippedMax = 1_000n;

/** A subscription that takes from a group. */
interface Subscriber {
  failed(error: unknown): void;
}

export interface GroupFeedOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** For what is answered at once. */
  readonly link: TopicLink;
  /** How long the group keeps a record, in ms. */
  readonly retentionMs: number;
  /** Whether a broker answers. */
  isReachable(): boolean;
  isWanted(record: KafkaRecord): boolean;
  /** Whether a record was delivered so often that it is to be given up. */
  isDead(entry: Entry): boolean;
  /** Keeps a record elsewhere that is given up. Rejects when it cannot. */
  bury(entry: Entry): Promise<void>;
}

/** What the members of a group in this process take from: together they are one member of the group on the brokers. */
export class GroupFeed implements Feed {
  readonly #options: GroupFeedOptions;
  readonly #window = new DeliveryWindow();
  readonly #closing = new AbortController();
  readonly #subscribers = new Set<Subscriber>();
  readonly #burials = new Set<Promise<void>>();
  readonly #begun = Promise.withResolvers<void>();
  #hasBegun = false;
  /** Why it can do nothing any more. */
  #failure: unknown;
  #member: KafkaGroupMember;
  /** The last commit that was begun; never rejects. */
  #keeping: Promise<void> = Promise.resolve();
  /** A commit that has not begun. */
  #planned: Promise<void> | undefined;
  #kept: CommittedOffset | undefined;

  constructor(options: GroupFeedOptions) {
    this.#options = options;
    this.#member = this.#join();
  }

  enter(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  /** Returns whether nobody is left. */
  leave(subscriber: Subscriber): boolean {
    this.#subscribers.delete(subscriber);
    return this.#subscribers.size === 0;
  }

  /** Returns when the group keeps what is published from now on, whether this process has its partition or another one. */
  async untilInPlace(signal: AbortSignal): Promise<void> {
    const { link, groupId } = this.#options;
    if (this.#failure !== undefined) throw this.#failure;
    while (!this.#hasBegun) {
      signal.throwIfAborted();
      if ((await committedBy(link, groupId, [onlyPartition])).size > 0) return;
      await Promise.race([this.#begun.promise, pause(lookAgainMs)]);
    }
  }

  async take(room: Room, signal: AbortSignal): Promise<readonly Entry[]> {
    for (;;) {
      const entries = await this.#window.take(room, signal);
      const oldestMs = Date.now() - this.#options.retentionMs;
      const fresh = entries.filter(({ record }) => record.appendedAtMs > oldestMs);
      const tooOld = entries.filter(({ record }) => record.appendedAtMs <= oldestMs);
      for (const entry of tooOld) this.#window.finish(entry);
      if (tooOld.length > 0) this.#keepSoon();
      if (fresh.length > 0 || entries.length === 0) return fresh;
    }
  }

  async finish(entries: readonly Entry[]): Promise<void> {
    const finished = entries.filter((entry) => this.#window.finish(entry));
    if (finished.length > 0) await this.#keep();
  }

  fail(entries: readonly Entry[]): void {
    const dead = entries.filter((entry) => this.#window.has(entry) && this.#options.isDead(entry));
    this.#window.giveBack(entries.filter((entry) => !dead.includes(entry)));
    for (const entry of dead) this.#bury(entry);
    this.#keepSoon();
  }

  release(entries: readonly Entry[]): void {
    this.#window.giveBack(entries);
  }

  async close(): Promise<void> {
    await Promise.all(this.#burials);
    if (this.#options.isReachable()) await this.#keep().catch(passedOver);
    const left = this.#member.leave();
    this.#closing.abort();
    await left;
  }

  #join(): KafkaGroupMember {
    const { kafka, topic, groupId, sessionTimeoutMs, isWanted } = this.#options;
    const outlet: GroupOutlet = {
      room: () => this.#window.room(this.#closing.signal),
      send: (records) => {
        this.#window.add(records, isWanted);
        if (this.#window.next > BigInt(this.#kept?.offset ?? 0) + skippedMax) this.#keepSoon();
      },
      begun: (place) => this.#begin(place),
      // What others have now is not delivered here any more.
      assigned: (partitions) => {
        if (partitions.length === 0) this.#window.begin(this.#window.next, []);
      },
      failed: (error) => void this.#failed(error),
    };
    const start = { kind: "latest" } as const;
    return new KafkaGroupMember({ kafka, topic, groupId, partitions: 1, sessionTimeoutMs, start, outlet });
  }

  #begin(place: CommittedOffset): void {
    this.#kept = place;
    this.#window.begin(BigInt(place.offset), runsOf(place.metadata));
    this.#hasBegun = true;
    this.#begun.resolve();
  }

  async #failed(error: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (!isBackendAway(error)) {
      this.#failure = error;
      for (const subscriber of this.#subscribers) subscriber.failed(error);
      return;
    }
    await this.#member.leave();
    await pause(lookAgainMs);
    if (!signal.aborted) this.#member = this.#join();
  }

  /** Moves a record to where dead letters are; one that cannot be moved now stays. */
  #bury(entry: Entry): void {
    const burial = this.#options
      .bury(entry)
      .then(() => void this.#window.finish(entry))
      .catch(() => this.#window.giveBack([entry]))
      .finally(() => this.#burials.delete(burial));
    this.#burials.add(burial);
    void burial.then(() => this.#keepSoon());
  }

  /** Commits what is known now, together with whoever asks meanwhile. */
  #keep(): Promise<void> {
    if (this.#planned !== undefined) return this.#planned;
    const planned = this.#keeping.then(() => {
      this.#planned = undefined;
      return this.#commit();
    });
    this.#planned = planned;
    this.#keeping = planned.catch(passedOver);
    return planned;
  }

  /** The same for what nobody waits for. */
  #keepSoon(): void {
    this.#keep().catch(passedOver);
  }

  async #commit(): Promise<void> {
    const place = {
      partition: onlyPartition,
      offset: String(this.#window.next),
      metadata: markOf(this.#window.runs()),
    };
    if (!this.#hasBegun || (place.offset === this.#kept?.offset && place.metadata === this.#kept.metadata)) return;
    const counted = await this.#member.commitPlaces([place]);
    if (counted.length === 0) throw membershipLost(this.#options.groupId);
    this.#kept = place;
  }
}

/** What a commit has met that nobody waits for: the next one says the same, and more. */
function passedOver(): void {}
