import {
  type BatchResult,
  type CallContext,
  type DeliveryOutlet,
  type Message,
  type PubSub,
  type SubscribeRequest,
  type Subscription,
  settled,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { DeadLetters } from "./dead-letters.js";
import type { JetStream } from "./jet-stream.js";
import type { Names } from "./names.js";
import type { NatsPubSub } from "./pub-sub.js";
import { PubSubGroup } from "./pub-sub-group.js";
import { GroupMember } from "./pub-sub-member.js";
import { PubSubNotes } from "./pub-sub-notes.js";
import type { Subjects } from "./subjects.js";
import { headersOf } from "./wire-message.js";

export interface KeptPubSubOptions {
  readonly connection: Connection;
  readonly jetStream: JetStream;
  readonly names: Names;
  /** The stream that takes the topics, and the notes of groups. */
  readonly stream: string;
  readonly subjects: Subjects;
  /** Brings what the stream has stored to those who listen at most once, and in no group. */
  readonly live: NatsPubSub;
  readonly maxDeliveries: number | undefined;
}

/** One namespace of pub-sub on JetStream: a stream, and for each group a consumer that keeps its place in it. */
export class KeptPubSub implements PubSub {
  readonly #options: KeptPubSubOptions;
  readonly #members = new Set<GroupMember>();

  constructor(options: KeptPubSubOptions) {
    this.#options = options;
  }

  /** Each message on its own; JetStream keeps the order in which they are sent. */
  publish(topic: string, messages: readonly Message[]): Promise<BatchResult<string>[]> {
    const { jetStream, subjects } = this.#options;
    const subject = subjects.ofTopic(topic);
    const nowMs = Date.now();
    return Promise.all(
      messages.map((message) =>
        settled(jetStream.publish(subject, message.payload, headersOf(message, nowMs)).then(() => message.id)),
      ),
    );
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, context: CallContext): Promise<Subscription> {
    const { topic, group: name, delivery, acknowledgeTimeoutMs } = request;
    const isAcknowledged = delivery === "at-least-once";
    if (name === undefined && !isAcknowledged) {
      return { ...(await this.#options.live.subscribe(request, outlet, context)), ordering: "total" };
    }
    const { connection, jetStream, names, stream, subjects, maxDeliveries } = this.#options;
    const group = new PubSubGroup({ connection, jetStream, stream, subjects, name, topic });
    await group.make();
    // What they give back goes first.
    const leaving = [...this.#members].filter(({ consumer }) => consumer === group.consumer);
    await Promise.all(leaving.map(({ left }) => left));
    const deadLetters =
      name === undefined || maxDeliveries === undefined
        ? undefined
        : new DeadLetters({ jetStream, subjects, group: name, consumer: group.consumer, maxDeliveries });
    const member: GroupMember = new GroupMember({
      connection,
      group,
      subjects,
      notes: new PubSubNotes(jetStream, { names, stream, consumer: group.consumer }),
      deadLetters,
      outlet,
      acknowledgeTimeoutMs: isAcknowledged ? acknowledgeTimeoutMs : undefined,
      signal: context.signal,
      onLeft: () => this.#members.delete(member),
    });
    this.#members.add(member);
    member.begin();
    return member;
  }

  /** Gives back what is held, and lets nobody wait. */
  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.close()));
  }
}
