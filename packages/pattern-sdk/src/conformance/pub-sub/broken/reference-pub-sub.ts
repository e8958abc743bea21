import type { CallContext } from "../../../call-context.js";
import type { BatchResult } from "../../../patterns/batch-result.js";
import type { Message, OrderingPromise } from "../../../patterns/messaging/message.js";
import { deadLetterOf, deadLetterTopic } from "../../../patterns/pub-sub/dead-letter.js";
import type {
  DeliveryOutlet,
  PubSub,
  PubSubDelivery,
  PubSubOptions,
  PubSubRejection,
  SubscribeRequest,
  Subscription,
} from "../../../patterns/pub-sub/pub-sub.js";
import { matchesTopic } from "../../../patterns/pub-sub/topic.js";
import {
  type AudienceHost,
  ReferenceAudience,
  type ReferenceEntry,
  type ReferenceMember,
} from "./reference-audience.js";

/** Pub-sub in the plainest way that keeps every promise. What could be done wrong is a method of its own. */
export class ReferencePubSub implements PubSub, AudienceHost {
  readonly audiences = new Set<ReferenceAudience>();
  #published = 0;
  options: PubSubOptions = { retentionMs: Number.POSITIVE_INFINITY };

  publish(
    topic: string,
    messages: readonly Message[],
    _context?: CallContext,
  ): BatchResult<string>[] | Promise<BatchResult<string>[]> {
    for (const message of messages) this.accept(topic, message);
    return messages.map(({ id }) => ({ ok: true, result: id }));
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, _context: CallContext): Promise<Subscription> {
    const audience = this.audienceOf(request);
    return this.join(audience, request, outlet);
  }

  accept(topic: string, message: Message): void {
    const number = this.#published++;
    for (const audience of this.audiences) {
      if (!this.matches(audience.topic, topic)) continue;
      audience.add({ number, topic, message, publishedAtMs: Date.now(), deliveryCount: 0, cause: "", readyAtMs: 0 });
    }
  }

  matches(pattern: string, topic: string): boolean {
    return matchesTopic(pattern, topic);
  }

  audienceOf({ topic, group }: SubscribeRequest): ReferenceAudience {
    const known = [...this.audiences].find((one) => group !== undefined && one.group === group && one.topic === topic);
    if (known !== undefined) return known;
    const audience = new ReferenceAudience(topic, group, this);
    this.audiences.add(audience);
    return audience;
  }

  join(audience: ReferenceAudience, request: SubscribeRequest, outlet: DeliveryOutlet): Subscription {
    const held = new Map<string, ReferenceEntry>();
    const member: ReferenceMember = { request, outlet, held, deliveries: 0, isClosed: false };
    audience.join(member);
    const taken = (ids: readonly string[]) =>
      ids.flatMap((id) => {
        const entry = held.get(id);
        held.delete(id);
        return entry ?? [];
      });
    return {
      ordering: this.ordering,
      acknowledge: (ids) => this.acknowledge(audience, taken(ids)),
      reject: (ids, rejection) => this.reject(audience, taken(ids), rejection),
      extend: (ids, timeoutMs) => {
        for (const id of ids) audience.holdFor(member, id, timeoutMs);
      },
      close: () => this.close(audience, member),
    };
  }

  get retentionMs(): number {
    return this.options.retentionMs;
  }

  get ordering(): OrderingPromise {
    return "total";
  }

  acknowledge(_audience: ReferenceAudience, _entries: readonly ReferenceEntry[]): void {}

  reject(audience: ReferenceAudience, entries: readonly ReferenceEntry[], { delayMs, cause }: PubSubRejection): void {
    for (const entry of entries) audience.giveBack({ ...entry, cause }, delayMs);
  }

  close(audience: ReferenceAudience, member: ReferenceMember): void {
    audience.leave(member);
    for (const entry of member.held.values()) audience.add(entry);
    member.held.clear();
    if (audience.group === undefined) this.audiences.delete(audience);
  }

  giveUp(group: string | undefined, { message, topic, deliveryCount, cause }: ReferenceEntry): boolean {
    const { maxDeliveries = Number.POSITIVE_INFINITY } = this.options;
    if (group === undefined || deliveryCount < maxDeliveries || topic === deadLetterTopic(group)) return false;
    this.accept(deadLetterTopic(group), deadLetterOf(message, { topic, group, deliveryCount, cause }));
    return true;
  }

  deliveryOf(entry: ReferenceEntry, deliveryId: string): PubSubDelivery {
    const { topic, message, publishedAtMs, deliveryCount } = entry;
    return { deliveryId, topic, message, publishedAtMs, deliveryCount };
  }

  /** What the end of the process does to it: everybody has gone, and what they held is there for the next. */
  crash(): void {
    for (const audience of this.audiences) for (const member of [...audience.members]) this.close(audience, member);
  }
}
