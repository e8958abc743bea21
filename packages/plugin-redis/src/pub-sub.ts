import {
  type BatchResult,
  type DeliveryOutlet,
  type Logger,
  MemberSubscription,
  type Message,
  type PubSub,
  type PubSubOptions,
  type SubscribeRequest,
  type Subscription,
} from "@prism-data/pattern-sdk";
import { Broadcast } from "./broadcast.js";
import type { ChangeFeed } from "./change-feed.js";
import { ChannelListener } from "./channel-listener.js";
import type { Connection } from "./connection.js";
import { buryDeadLetters } from "./dead-letter-burial.js";
import { encodeMessage } from "./message-record.js";
import { PubSubGroup } from "./pub-sub-group.js";
import { publishScript } from "./pub-sub-scripts.js";
import { groupKey, type PubSubSpace } from "./pub-sub-space.js";
import { sweepGroups } from "./pub-sub-sweep.js";
import { Sweep } from "./sweep.js";

export interface RedisPubSubOptions extends PubSubOptions {
  readonly connection: Connection;
  readonly news: ChangeFeed;
  /** Its connection shows that this process is there. */
  readonly presence: ChangeFeed;
  readonly space: PubSubSpace;
  readonly log: Logger;
}

/** One namespace of pub-sub in Redis: what a group holds is a queue, and who reads at most once reads the end of a log. */
export class RedisPubSub implements PubSub {
  readonly #options: RedisPubSubOptions;
  readonly #broadcast: Broadcast;
  readonly #sweep: Sweep;
  /** Those that somebody in this process is in. */
  readonly #groups = new Map<string, PubSubGroup>();
  readonly #aliveChannel: string;
  /** There while a subscription has, or has had, a group of its own. */
  #alive: ChannelListener | undefined;

  constructor(options: RedisPubSubOptions) {
    const { connection, space, log } = options;
    this.#options = options;
    this.#aliveChannel = space.newAliveChannel();
    this.#broadcast = new Broadcast(options);
    this.#sweep = new Sweep({ connection, log, run: () => this.#sweepOnce() });
  }

  async publish(topic: string, messages: readonly Message[]): Promise<readonly BatchResult<string>[]> {
    const { connection, space } = this.#options;
    const args = messages.flatMap((message) => [topic, encodeMessage(message, topic)]);
    await connection.run(publishScript, [`${space.base}groups`], [space.base, space.database, ...args]);
    return messages.map(({ id }) => ({ ok: true, result: id }));
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet): Promise<Subscription> {
    const { topic, group: name, delivery, acknowledgeTimeoutMs } = request;
    const isAcknowledged = delivery === "at-least-once";
    if (name === undefined && !isAcknowledged) return this.#broadcast.subscribe(topic, outlet);
    const group = await this.#join(name, topic);
    const subscription = new MemberSubscription({
      group,
      outlet,
      acknowledgeTimeoutMs: isAcknowledged ? acknowledgeTimeoutMs : undefined,
      onRejected: () => this.#bury(group),
      onClosed: () => this.#leave(group),
    });
    void subscription.deliver();
    return subscription;
  }

  close(): void {
    this.#sweep.close();
    this.#alive?.close();
    this.#broadcast.close();
    for (const group of this.#groups.values()) group.close();
  }

  async #join(name: string | undefined, topic: string): Promise<PubSubGroup> {
    const { connection, news, presence, space, maxDeliveries, retentionMs } = this.#options;
    if (name === undefined) {
      this.#alive ??= new ChannelListener({ feed: presence, channel: this.#aliveChannel });
      await this.#alive.ready();
    }
    const bounds = { deliveriesMax: maxDeliveries, retentionMs };
    const known = name === undefined ? undefined : this.#groups.get(groupKey(name, topic));
    const group = known ?? new PubSubGroup({ connection, news, space, name, topic, bounds, alive: this.#aliveChannel });
    this.#groups.set(group.key, group);
    await group.make();
    return group;
  }

  async #leave(group: PubSubGroup): Promise<void> {
    if (group.members > 0) return;
    if (this.#groups.get(group.key) === group) this.#groups.delete(group.key);
    group.close();
    if (group.name === undefined) await group.remove();
  }

  /** The sweep does it a little later, should it fail now. */
  #bury({ key, name }: PubSubGroup): void {
    const { connection, space, maxDeliveries } = this.#options;
    if (maxDeliveries === undefined || name === undefined) return;
    buryDeadLetters(connection, space, { key, name }).catch(() => {});
  }

  /** Groups that somebody is in are made again should they be gone, as after FLUSHALL. */
  async #sweepOnce(): Promise<boolean> {
    const { connection, space } = this.#options;
    for (const group of this.#groups.values()) await group.make();
    await sweepGroups(connection, space, this.#options);
    return this.#broadcast.retain();
  }
}
