import {
  type BatchResult,
  type DeliveryOutlet,
  deadLetterOf,
  deadLetterTopic,
  type Message,
  type PubSub,
  type PubSubOptions,
  type SubscribeRequest,
  type Subscription,
} from "@prism-data/pattern-sdk";
import { attempt } from "./attempt.js";
import { Backlog, type Entry, entryOverheadBytes } from "./backlog.js";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { timerDelayMsMax } from "./expiry-queue.js";
import { keptSizeBytes } from "./kept-message.js";
import type { Shared } from "./key-value.js";
import { Publication } from "./publication.js";
import { DirectSubscription, HoldingSubscription, TakingSubscription } from "./subscriptions.js";
import { TopicIndex } from "./topic-index.js";

/** What a group takes while it holds nothing: its name, its place among the others, and its backlog. */
const groupOverheadBytes = 2_048;

/** A group, which is there while somebody is in it or it holds something, and for the time of retention after that. */
interface Group {
  readonly key: string;
  readonly topic: string;
  readonly backlog: Backlog;
  cancelForgetting: (() => void) | undefined;
}

/** One namespace of pub-sub in memory. Every method runs to its end without yielding, which makes it atomic. */
export class MemoryPubSub implements PubSub {
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #listeners = new TopicIndex<Backlog | DirectSubscription>();
  readonly #groups = new Map<string, Group>();
  /** Those of subscriptions without a group. */
  readonly #ownBacklogs = new Set<Backlog>();
  #options: PubSubOptions;

  constructor({ budget, clock }: Shared, options: PubSubOptions) {
    this.#budget = budget;
    this.#clock = clock;
    this.#options = options;
  }

  /** Goes on with other options, also for the messages that are there. */
  configure(options: PubSubOptions): void {
    this.#options = options;
    for (const { backlog } of this.#groups.values()) backlog.replanSweep();
  }

  /** How many messages are held; one that several groups hold counts for each. */
  get messages(): number {
    return this.#backlogs().reduce((sum, { messages }) => sum + messages, 0);
  }

  publish(topic: string, messages: readonly Message[]): BatchResult<string>[] {
    const listeners = this.#listeners.listeners(topic);
    const backlogs = listeners.filter((listener) => listener instanceof Backlog).length;
    const publications: Publication[] = [];
    let neededBytes = 0;
    const results = messages.map((message) =>
      attempt(() => {
        if (backlogs > 0) {
          const sizeBytes = keptSizeBytes(message) + backlogs * entryOverheadBytes;
          this.#budget.requireRoom(neededBytes + sizeBytes);
          neededBytes += sizeBytes;
        }
        if (listeners.length > 0) publications.push(new Publication(topic, message, this.#clock.nowMs(), this.#budget));
        return message.id;
      }),
    );
    if (publications.length > 0) for (const listener of listeners) listener.accept(publications);
    return results;
  }

  subscribe(request: SubscribeRequest, outlet: DeliveryOutlet): Subscription {
    const { group, delivery } = request;
    if (group !== undefined) return this.#join(request, group, outlet);
    return delivery === "at-least-once" ? this.#hold(request, outlet) : this.#listen(request, outlet);
  }

  /** Removes everything and stops the timers. Returns how many messages there were. */
  clear(): number {
    const messages = this.#backlogs().reduce((sum, backlog) => sum + backlog.clear(), 0);
    for (const group of this.#groups.values()) this.#forget(group);
    this.#listeners.clear();
    return messages;
  }

  #backlogs(): Backlog[] {
    return [...[...this.#groups.values()].map(({ backlog }) => backlog), ...this.#ownBacklogs];
  }

  #listen({ topic }: SubscribeRequest, outlet: DeliveryOutlet): Subscription {
    const subscription = new DirectSubscription(outlet, () => this.#listeners.remove(topic, subscription));
    this.#listeners.add(topic, subscription);
    return subscription;
  }

  #hold({ topic, acknowledgeTimeoutMs }: SubscribeRequest, outlet: DeliveryOutlet): Subscription {
    const backlog = new Backlog({
      budget: this.#budget,
      clock: this.#clock,
      retentionMs: () => Number.POSITIVE_INFINITY,
      giveUp: () => false,
    });
    const onClosed = () => {
      this.#listeners.remove(topic, backlog);
      this.#ownBacklogs.delete(backlog);
      backlog.clear();
    };
    this.#ownBacklogs.add(backlog);
    this.#listeners.add(topic, backlog);
    return holding({ backlog, outlet, acknowledgeTimeoutMs, onClosed });
  }

  #join({ topic, delivery, acknowledgeTimeoutMs }: SubscribeRequest, name: string, outlet: DeliveryOutlet) {
    const group = this.#groupOf(name, topic);
    group.cancelForgetting?.();
    group.cancelForgetting = undefined;
    const { backlog } = group;
    const onClosed = () => this.#forgetLater(group);
    if (delivery === "at-least-once") return holding({ backlog, outlet, acknowledgeTimeoutMs, onClosed });
    const subscription = new TakingSubscription(backlog, outlet, onClosed);
    backlog.join(subscription);
    return subscription;
  }

  #groupOf(name: string, topic: string): Group {
    const key = JSON.stringify([name, topic]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    this.#budget.requireRoom(groupOverheadBytes);
    const backlog = new Backlog({
      budget: this.#budget,
      clock: this.#clock,
      retentionMs: () => this.#options.retentionMs,
      giveUp: (entry) => this.#giveUp(entry, name),
    });
    const group: Group = { key, topic, backlog, cancelForgetting: undefined };
    this.#budget.add(groupOverheadBytes);
    this.#groups.set(key, group);
    this.#listeners.add(topic, backlog);
    return group;
  }

  /** Moves a message that was delivered often enough. One for which there is no room stays. */
  #giveUp({ publication, deliveryCount, cause }: Entry, group: string): boolean {
    const { maxDeliveries = Number.POSITIVE_INFINITY } = this.#options;
    const topic = deadLetterTopic(group);
    if (deliveryCount < maxDeliveries || publication.topic === topic) return false;
    const deadLetter = deadLetterOf(publication.message, { topic: publication.topic, group, deliveryCount, cause });
    return this.publish(topic, [deadLetter]).every(({ ok }) => ok);
  }

  /** A group that nobody comes back to, and that holds nothing, need not be there. */
  #forgetLater(group: Group): void {
    if (group.backlog.takers > 0 || this.#groups.get(group.key) !== group) return;
    const delayMs = Math.min(this.#options.retentionMs, timerDelayMsMax);
    group.cancelForgetting = this.#clock.startTimer(() => {
      if (group.backlog.messages > 0) this.#forgetLater(group);
      else this.#forget(group);
    }, delayMs);
  }

  #forget(group: Group): void {
    group.cancelForgetting?.();
    group.cancelForgetting = undefined;
    this.#groups.delete(group.key);
    this.#listeners.remove(group.topic, group.backlog);
    this.#budget.add(-groupOverheadBytes);
  }
}

function holding(parts: ConstructorParameters<typeof HoldingSubscription>[0]): Subscription {
  const subscription = new HoldingSubscription(parts);
  parts.backlog.join(subscription);
  void subscription.deliver();
  return subscription;
}
