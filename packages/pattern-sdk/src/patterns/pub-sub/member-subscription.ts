import { isBackendAway } from "../../server-link/link-errors.js";
import { keepDelivering } from "../messaging/keep-delivering.js";
import type { OrderingPromise } from "../messaging/message.js";
import type { QueueDelivery, ReceiveRequest } from "../queue/queue.js";
import type { DeliveryOutlet, PubSubDelivery, PubSubRejection, Subscription } from "./pub-sub.js";

/** How long one look waits for messages, in ms. */
const waitMs = 20_000;

/** How long what is taken at most once may take until it is removed, in ms: nobody sees it before. */
const takingMs = 30_000;

/** The time of an app begins when a message reaches it, a lease when it is taken: what lies between is the app's, in ms. */
const wayMs = 250;

/** Asks for messages of a group for one of its members. */
export interface MemberRequest extends ReceiveRequest {
  /** Among how many members in this process what is there is to be shared: take no more than one's part. Default 1. */
  readonly takers?: number;
}

/** A message of a group, leased to one of its members. */
export interface GroupDelivery extends QueueDelivery {
  /** The topic that it was published to. */
  readonly topic: string;
}

/** What becomes of the leases of a group. Ids whose lease has ended are ignored. Each may throw `GatewayError`. */
export interface GroupLeases {
  acknowledge(deliveryIds: readonly string[]): Promise<unknown>;
  reject(deliveryIds: readonly string[], rejection: PubSubRejection): Promise<unknown>;
  /** The leases end in so many ms from now. */
  extend(deliveryIds: readonly string[], leaseMs: number): Promise<unknown>;
  /**
   * Gives deliveries back at once. `counts` false: as if they had never been made. `mayDie` is never true here: leaving is no failure, so
   * no message is given up for it.
   */
  release(deliveryIds: readonly string[], how: { readonly counts: boolean; readonly mayDie: boolean }): Promise<void>;
}

/** One group, as its members in this process see it: a queue of what was published to its topic. */
export interface SubscriberGroup {
  /** How many take from it in this process. The subscriptions count themselves. */
  members: number;
  readonly store: GroupLeases;
  /** Waits for messages, as `WaitingReceives` does: none when the time passes or the signal is aborted first. */
  readonly waiting: { receive(request: MemberRequest, signal: AbortSignal): Promise<readonly GroupDelivery[]> };
}

export interface MemberSubscriptionOptions {
  readonly group: SubscriberGroup;
  readonly outlet: DeliveryOutlet;
  /** How long a message may stay unacknowledged, in ms. `undefined`: at most once; what is taken is done with. */
  readonly acknowledgeTimeoutMs: number | undefined;
  /** Called after a rejection: what was rejected may be given up now. Must not throw. */
  readonly onRejected: () => void;
  /** Called once, when the subscription has given back what it held and counts as a member no more. */
  readonly onClosed: () => Promise<void>;
}

/**
 * A member of a group, or the only one of its own: takes as much as its app has room for. For plugins that keep what a group has not
 * acknowledged as a queue with leases. It stays through outages of the data system; `close` leaves what it cannot give back then to the
 * end of its lease.
 */
export class MemberSubscription implements Subscription {
  readonly ordering: OrderingPromise = "total";
  readonly #options: MemberSubscriptionOptions;
  readonly #closing = new AbortController();
  readonly #held = new Set<string>();

  constructor(options: MemberSubscriptionOptions) {
    this.#options = options;
    options.group.members++;
  }

  /** Delivers until the subscription is closed; what `group` throws, unless it is an outage, ends the subscription. Never rejects. */
  deliver(): Promise<void> {
    const failed = (error: unknown) => this.#options.outlet.failed(error);
    return keepDelivering(() => this.#deliverOnce(), { signal: this.#closing.signal, failed });
  }

  async acknowledge(deliveryIds: readonly string[]): Promise<void> {
    const held = this.#settled(deliveryIds);
    if (held.length > 0) await this.#options.group.store.acknowledge(held);
  }

  async reject(deliveryIds: readonly string[], rejection: PubSubRejection): Promise<void> {
    const held = this.#settled(deliveryIds);
    if (held.length === 0) return;
    await this.#options.group.store.reject(held, rejection);
    this.#options.onRejected();
  }

  async extend(deliveryIds: readonly string[], acknowledgeTimeoutMs: number): Promise<void> {
    const held = deliveryIds.filter((deliveryId) => this.#held.has(deliveryId));
    if (held.length > 0) await this.#options.group.store.extend(held, acknowledgeTimeoutMs + wayMs);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { group, onClosed } = this.#options;
    this.#closing.abort();
    group.members--;
    try {
      await group.store.release([...this.#held], { counts: true, mayDie: false });
      await onClosed();
    } catch (error) {
      // What is outstanding goes to others when its time has run out.
      if (!isBackendAway(error)) throw error;
    }
  }

  async #deliverOnce(): Promise<void> {
    const { group, outlet, acknowledgeTimeoutMs } = this.#options;
    const { signal } = this.#closing;
    const deliveries = await this.#take();
    if (deliveries.length === 0) return;
    const ids = deliveries.map(({ deliveryId }) => deliveryId);
    if (signal.aborted) return group.store.release(ids, { counts: false, mayDie: false });
    if (acknowledgeTimeoutMs === undefined) {
      await group.store.acknowledge(ids);
      outlet.send(deliveries.map((delivery) => pubSubDelivery({ ...delivery, deliveryId: "", deliveryCount: 1 })));
      return;
    }
    for (const id of ids) this.#held.add(id);
    outlet.send(deliveries.map(pubSubDelivery));
  }

  async #take(): Promise<readonly GroupDelivery[]> {
    const { group, outlet, acknowledgeTimeoutMs } = this.#options;
    const { signal } = this.#closing;
    const { items, bytes } = await outlet.room();
    if (signal.aborted) return [];
    const request = {
      messagesMax: items,
      bytesMax: bytes,
      leaseMs: acknowledgeTimeoutMs === undefined ? takingMs : acknowledgeTimeoutMs + wayMs,
      waitMs,
      // Others may come and go while this one waits.
      get takers() {
        return group.members;
      },
    };
    return group.waiting.receive(request, signal);
  }

  /** Those of the deliveries that this subscription holds; it does not any more. */
  #settled(deliveryIds: readonly string[]): string[] {
    return deliveryIds.filter((deliveryId) => this.#held.delete(deliveryId));
  }
}

function pubSubDelivery(delivery: GroupDelivery): PubSubDelivery {
  const { deliveryId, deliveryCount, topic, message, sentAtMs: publishedAtMs } = delivery;
  return { deliveryId, deliveryCount, topic, message, publishedAtMs };
}
