import {
  type BatchResult,
  type DeliveryOutlet,
  deadLetterOf,
  deadLetterTopic,
  type Message,
  type SubscribeRequest,
} from "@prism-data/pattern-sdk";
import type { Entry } from "./delivery-window.js";
import { GroupFeed } from "./group-feed.js";
import { subscriberGroupIdOf } from "./names.js";
import type { KafkaPubSubOptions } from "./pub-sub.js";
import { isPublishedTo } from "./record-codec.js";
import type { TopicLink } from "./topic-link.js";

export interface SubscriberGroupsOptions extends KafkaPubSubOptions {
  /** For what is answered at once. */
  readonly link: TopicLink;
  publish(topic: string, message: Message): Promise<BatchResult<string>>;
}

/** A place in a group. */
interface Place {
  readonly feed: GroupFeed;
  /** Gives it up; the last of this process leaves the group on the brokers. */
  onClosed(): Promise<void>;
}

/** The groups of one namespace in which this process has somebody. */
export class SubscriberGroups {
  readonly #options: SubscriberGroupsOptions;
  readonly #feeds = new Map<string, GroupFeed>();
  /** Those that are being left. */
  readonly #closing = new Map<string, Promise<void>>();

  constructor(options: SubscriberGroupsOptions) {
    this.#options = options;
  }

  /** Enters a group; returns when it keeps what is published from now on. */
  async enter(
    { topic: subscribed }: SubscribeRequest,
    { group, outlet, signal }: { group: string; outlet: DeliveryOutlet; signal: AbortSignal },
  ): Promise<Place> {
    const groupId = subscriberGroupIdOf(this.#options.topic, { group, subscribed });
    for (let closing = this.#closing.get(groupId); closing !== undefined; closing = this.#closing.get(groupId)) {
      await closing;
    }
    const feed = this.#feeds.get(groupId) ?? this.#open(groupId, { group, subscribed });
    feed.enter(outlet);
    const onClosed = () => this.#leave(groupId, feed, outlet);
    try {
      await feed.untilInPlace(signal);
      return { feed, onClosed };
    } catch (error) {
      await onClosed();
      throw error;
    }
  }

  /** Returns when those that are being left are left. */
  async close(): Promise<void> {
    await Promise.all(this.#closing.values());
  }

  #open(groupId: string, { group, subscribed }: { group: string; subscribed: string }): GroupFeed {
    const { connection, topic, sessionTimeoutMs, link, retentionMs } = this.#options;
    const feed = new GroupFeed({
      ...{ kafka: connection.kafka, topic, groupId, sessionTimeoutMs, link, retentionMs },
      isReachable: () => connection.isUp,
      isWanted: (record) => isPublishedTo(record, subscribed),
      isDead: (entry) => this.#isDead(entry, group),
      bury: (entry) => this.#bury(entry, group),
    });
    this.#feeds.set(groupId, feed);
    return feed;
  }

  async #leave(groupId: string, feed: GroupFeed, outlet: DeliveryOutlet): Promise<void> {
    if (!feed.leave(outlet)) return;
    this.#feeds.delete(groupId);
    const closing = feed.close().finally(() => this.#closing.delete(groupId));
    this.#closing.set(groupId, closing);
    await closing;
  }

  #isDead({ record, deliveryCount }: Entry, group: string): boolean {
    const { maxDeliveries = Number.POSITIVE_INFINITY } = this.#options;
    return deliveryCount >= maxDeliveries && record.publishedTo !== deadLetterTopic(group);
  }

  async #bury({ record, deliveryCount, cause }: Entry, group: string): Promise<void> {
    const { message, publishedTo: topic = "" } = record;
    const letter = deadLetterOf(message, { topic, group, deliveryCount, cause });
    const buried = await this.#options.publish(deadLetterTopic(group), letter);
    if (!buried.ok) throw buried.error;
  }
}
