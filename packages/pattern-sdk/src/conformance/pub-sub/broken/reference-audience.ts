import type { Message } from "../../../patterns/messaging/message.js";
import { messageSizeBytes } from "../../../patterns/messaging/message-size.js";
import type { Room } from "../../../patterns/messaging/outlet.js";
import type { DeliveryOutlet, PubSubDelivery, SubscribeRequest } from "../../../patterns/pub-sub/pub-sub.js";

/** How often somebody who waits looks again: soon enough for cases, and without a signal that could be missed. */
const lookAgainMs = 2;

const anyRoom: Room = { items: 1_000, bytes: Number.MAX_SAFE_INTEGER };

/** A message that waits for an audience, or is held by one of its members. */
export interface ReferenceEntry {
  /** Tells which of two messages was published first. */
  readonly number: number;
  readonly topic: string;
  readonly message: Message;
  readonly publishedAtMs: number;
  readonly deliveryCount: number;
  readonly cause: string;
  /** Not before. */
  readonly readyAtMs: number;
}

/** Who takes from an audience. */
export interface ReferenceMember {
  readonly request: SubscribeRequest;
  readonly outlet: DeliveryOutlet;
  readonly held: Map<string, ReferenceEntry>;
  deliveries: number;
  isClosed: boolean;
}

/** What an audience asks of the namespace that it is in. */
export interface AudienceHost {
  readonly retentionMs: number;
  /** Whether a message that was not handled has gone elsewhere. */
  giveUp(group: string | undefined, entry: ReferenceEntry): boolean;
  deliveryOf(entry: ReferenceEntry, deliveryId: string): PubSubDelivery;
}

/** Those who share messages: a group, or one subscriber. */
export class ReferenceAudience {
  readonly topic: string;
  readonly group: string | undefined;
  readonly members = new Set<ReferenceMember>();
  readonly #host: AudienceHost;
  readonly #timers = new Map<ReferenceEntry, NodeJS.Timeout>();
  /** In the order in which they were published. */
  entries: ReferenceEntry[] = [];

  constructor(topic: string, group: string | undefined, host: AudienceHost) {
    this.topic = topic;
    this.group = group;
    this.#host = host;
  }

  add(entry: ReferenceEntry): void {
    this.entries.push(entry);
    this.entries.sort((a, b) => a.number - b.number);
  }

  join(member: ReferenceMember): void {
    this.members.add(member);
    void this.#deliver(member);
  }

  leave(member: ReferenceMember): void {
    member.isClosed = true;
    this.members.delete(member);
    for (const entry of member.held.values()) clearTimeout(this.#timers.get(entry));
  }

  giveBack(entry: ReferenceEntry, delayMs: number): void {
    if (!this.#host.giveUp(this.group, entry)) this.add({ ...entry, readyAtMs: Date.now() + delayMs });
  }

  /** Gives a delivery so long from now. */
  holdFor(member: ReferenceMember, deliveryId: string, holdMs: number): void {
    const entry = member.held.get(deliveryId);
    if (entry === undefined) return;
    clearTimeout(this.#timers.get(entry));
    const timer = setTimeout(() => {
      if (member.held.get(deliveryId) !== entry) return;
      member.held.delete(deliveryId);
      this.giveBack(entry, 0);
    }, holdMs);
    this.#timers.set(entry, timer.unref());
  }

  async #deliver(member: ReferenceMember): Promise<void> {
    try {
      while (!member.isClosed) {
        const room = member.request.delivery === "at-least-once" ? await member.outlet.room() : anyRoom;
        if (member.isClosed) return;
        const taken = this.take(room);
        member.outlet.send(taken.map((entry) => this.#handOver(member, entry)));
        if (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, lookAgainMs).unref());
      }
    } catch (error) {
      if (!member.isClosed) member.outlet.failed(error);
    }
  }

  #handOver(member: ReferenceMember, entry: ReferenceEntry): PubSubDelivery {
    if (member.request.delivery === "at-most-once") return this.#host.deliveryOf({ ...entry, deliveryCount: 1 }, "");
    const deliveryId = `d${++member.deliveries}`;
    member.held.set(deliveryId, entry);
    this.holdFor(member, deliveryId, member.request.acknowledgeTimeoutMs);
    return this.#host.deliveryOf(entry, deliveryId);
  }

  /** Takes a share of what is ready. */
  take(room: Room): ReferenceEntry[] {
    const { retentionMs } = this.#host;
    const nowMs = Date.now();
    this.entries = this.entries.filter(({ publishedAtMs }) => publishedAtMs + retentionMs > nowMs);
    const ready = this.entries.filter(({ readyAtMs }) => readyAtMs <= nowMs);
    const share = Math.min(room.items, Math.ceil(ready.length / this.members.size));
    let sizeBytes = 0;
    const fitting = ready.slice(0, share).filter(({ message }, index) => {
      sizeBytes += messageSizeBytes(message);
      return index === 0 || sizeBytes <= room.bytes;
    });
    this.entries = this.entries.filter((entry) => !fitting.includes(entry));
    return fitting.map((entry) => ({ ...entry, deliveryCount: entry.deliveryCount + 1 }));
  }
}
