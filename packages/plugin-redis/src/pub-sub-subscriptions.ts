import {
  type DeliveryOutlet,
  GatewayError,
  type PubSubDelivery,
  type PubSubRejection,
  type Subscription,
} from "@prism-data/pattern-sdk";
import type { PubSubGroup } from "./pub-sub-group.js";
import type { StoredDelivery } from "./queue-store.js";

/** How long one look waits for messages, in ms. */
const waitMs = 20_000;

/** How long what is taken at most once may take until it is removed, in ms: nobody sees it before. */
const takingMs = 30_000;

/** The time of an app begins when a message reaches it, that of the server when it is taken: what lies between is the app's, in ms. */
const wayMs = 250;

/** How soon is tried again while the server is away, in ms. */
const outageMs = 250;

/** What a subscription that takes from a group works with. */
export interface MemberOptions {
  readonly group: PubSubGroup;
  readonly outlet: DeliveryOutlet;
  /** How long a message may stay unacknowledged, in ms. `undefined`: what is taken is done with. */
  readonly acknowledgeTimeoutMs: number | undefined;
  /** What was rejected may be given up now. */
  readonly onRejected: () => void;
  readonly onClosed: () => Promise<void>;
}

/** A member of a group, or the only one of its own: takes as much as there is room for. */
export class MemberSubscription implements Subscription {
  readonly ordering = "total";
  readonly #options: MemberOptions;
  readonly #closing = new AbortController();
  readonly #held = new Set<string>();

  constructor(options: MemberOptions) {
    this.#options = options;
    options.group.members++;
  }

  /** Delivers until the subscription is closed. Never rejects. */
  async deliver(): Promise<void> {
    const { outlet } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#deliverOnce();
      } catch (error) {
        if (signal.aborted) return;
        if (!isOutage(error)) return outlet.failed(error);
        await new Promise((resolve) => setTimeout(resolve, outageMs));
      }
    }
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
      if (!isOutage(error)) throw error;
    }
  }

  async #deliverOnce(): Promise<void> {
    const { group, outlet, acknowledgeTimeoutMs } = this.#options;
    const { signal } = this.#closing;
    const { items, bytes } = await outlet.room();
    if (signal.aborted) return;
    const leaseMs = acknowledgeTimeoutMs === undefined ? takingMs : acknowledgeTimeoutMs + wayMs;
    const request = {
      messagesMax: items,
      bytesMax: bytes,
      leaseMs,
      waitMs,
      // Others may come and go while this one waits.
      get takers() {
        return group.members;
      },
    };
    const deliveries = await group.waiting.receive(request, signal);
    if (deliveries.length === 0) return;
    const ids = deliveries.map(({ deliveryId }) => deliveryId);
    if (signal.aborted) return group.store.release(ids, { counts: false, mayDie: false });
    if (acknowledgeTimeoutMs === undefined) {
      await group.store.acknowledge(ids);
      outlet.send(deliveries.map((delivery) => pubSubDelivery(delivery, { deliveryId: "", deliveryCount: 1 })));
      return;
    }
    for (const id of ids) this.#held.add(id);
    outlet.send(deliveries.map((delivery) => pubSubDelivery(delivery, delivery)));
  }

  /** Those of the deliveries that this subscription holds; it does not any more. */
  #settled(deliveryIds: readonly string[]): string[] {
    return deliveryIds.filter((deliveryId) => this.#held.delete(deliveryId));
  }
}

function pubSubDelivery(
  { message, topic, sentAtMs }: StoredDelivery,
  { deliveryId, deliveryCount }: Pick<PubSubDelivery, "deliveryId" | "deliveryCount">,
): PubSubDelivery {
  return { deliveryId, deliveryCount, topic, message, publishedAtMs: sentAtMs };
}

function isOutage(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === "BACKEND_UNAVAILABLE";
}
