import type {
  BatchResult,
  CallContext,
  DeliveryOutlet,
  Message,
  PubSub,
  PubSubOptions,
  SubscribeRequest,
  Subscription,
} from "@prism-data/pattern-sdk";
import { Broadcast, type Listener } from "./broadcast.js";
import type { Connection } from "./connection.js";
import { OwnFeed } from "./own-feed.js";
import { encodeRecord, isPublishedTo } from "./record-codec.js";
import { RecordProducer } from "./record-producer.js";
import { SubscriberGroups } from "./subscriber-groups.js";
import { HoldingSubscription, type TakingParts, TakingSubscription, unacknowledged } from "./subscriptions.js";
import { TopicLink } from "./topic-link.js";
import { onlyPartition } from "./topics.js";

export interface KafkaPubSubOptions extends PubSubOptions {
  readonly connection: Connection;
  /** With one partition, in which everything has one order. */
  readonly topic: string;
  readonly sessionTimeoutMs: number;
}

/** One namespace of pub-sub, which is one topic. */
export class KafkaPubSub implements PubSub {
  readonly #options: KafkaPubSubOptions;
  readonly #producer: RecordProducer;
  /** For what is answered at once. */
  readonly #link: TopicLink;
  readonly #broadcast: Broadcast;
  readonly #groups: SubscriberGroups;

  constructor(options: KafkaPubSubOptions) {
    const { connection, topic } = options;
    this.#options = options;
    this.#producer = new RecordProducer(connection.writing, topic);
    this.#link = new TopicLink(connection.kafka, topic);
    this.#broadcast = new Broadcast(connection.kafka, topic);
    const publish = (to: string, message: Message) => this.#publish(to, message, new AbortController().signal);
    this.#groups = new SubscriberGroups({ ...options, link: this.#link, publish });
  }

  publish(topic: string, messages: readonly Message[], { signal }: CallContext): Promise<BatchResult<string>[]> {
    this.#options.connection.requireReachable();
    return Promise.all(messages.map((message) => this.#publish(topic, message, signal)));
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, { signal }: CallContext): Promise<Subscription> {
    this.#options.connection.requireReachable();
    const { group } = request;
    if (group !== undefined) {
      const place = await this.#groups.enter(request, { group, outlet, signal });
      return delivering(request, { ...place, outlet });
    }
    const from = (await this.#link.offsets([onlyPartition], "latest", signal)).get(onlyPartition)!;
    return request.delivery === "at-least-once"
      ? this.#hold(request, from, outlet)
      : this.#listen(request, from, outlet);
  }

  /** Ends the connections. Subscriptions have ended. */
  async close(): Promise<void> {
    await this.#groups.close();
    await Promise.all([this.#producer.close(), this.#link.close()]);
  }

  async #publish(publishedTo: string, message: Message, signal: AbortSignal): Promise<BatchResult<string>> {
    const sent = await this.#producer.send(encodeRecord(message, { partition: onlyPartition, publishedTo }), signal);
    return sent.ok ? { ok: true, result: message.id } : sent;
  }

  #hold(request: SubscribeRequest, from: bigint, outlet: DeliveryOutlet): Subscription {
    const feed = new OwnFeed({
      ...{ kafka: this.#options.connection.kafka, topic: this.#options.topic, from },
      isWanted: (record) => isPublishedTo(record, request.topic),
      failed: (error) => outlet.failed(error),
    });
    return delivering(request, { feed, outlet, onClosed: () => feed.close() });
  }

  #listen({ topic: subscribed }: SubscribeRequest, from: bigint, outlet: DeliveryOutlet): Subscription {
    const listener: Listener = {
      subscribed,
      from,
      heard: (records) => outlet.send(records.map(unacknowledged)),
      failed: (error) => outlet.failed(error),
    };
    this.#broadcast.add(listener);
    return { ordering: "total", close: () => this.#broadcast.remove(listener) };
  }
}

/** Begins to deliver what a feed has. */
function delivering({ delivery, acknowledgeTimeoutMs }: SubscribeRequest, parts: TakingParts): Subscription {
  const subscription =
    delivery === "at-least-once"
      ? new HoldingSubscription({ ...parts, acknowledgeTimeoutMs })
      : new TakingSubscription(parts);
  void subscription.deliver();
  return subscription;
}
