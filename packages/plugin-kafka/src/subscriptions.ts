import type { DeliveryOutlet, PubSubDelivery, PubSubRejection, Subscription } from "@prism-data/pattern-sdk";
import type { Entry } from "./delivery-window.js";
import type { Feed } from "./feed.js";
import type { KafkaRecord } from "./record-codec.js";

/** What a member of a group at most once works with. */
export interface TakingParts {
  readonly feed: Feed;
  readonly outlet: DeliveryOutlet;
  onClosed(): Promise<void>;
}

/** A member of a group, at most once: what it takes is done with before it is sent. */
export class TakingSubscription implements Subscription {
  readonly ordering = "total";
  readonly #parts: TakingParts;
  readonly #closing = new AbortController();

  constructor(parts: TakingParts) {
    this.#parts = parts;
  }

  /** Delivers until the subscription is closed. Never rejects. */
  async deliver(): Promise<void> {
    await delivering(this.#parts, this.#closing.signal, async (entries) => {
      await this.#parts.feed.finish(entries);
      this.#parts.outlet.send(entries.map(({ record }) => unacknowledged(record)));
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#parts.onClosed();
  }
}

export interface HoldingParts extends TakingParts {
  readonly acknowledgeTimeoutMs: number;
}

/** A record that a subscription holds until it is acknowledged. */
interface Held {
  readonly entry: Entry;
  /** Ends its time. */
  timer: NodeJS.Timeout;
}

/** A subscription at least once: takes as much as there is room for, and holds it until it is acknowledged. */
export class HoldingSubscription implements Subscription {
  readonly ordering = "total";
  readonly #parts: HoldingParts;
  readonly #closing = new AbortController();
  readonly #held = new Map<string, Held>();
  #deliveries = 0;

  constructor(parts: HoldingParts) {
    this.#parts = parts;
  }

  /** Delivers until the subscription is closed. Never rejects. */
  async deliver(): Promise<void> {
    await delivering(this.#parts, this.#closing.signal, (entries) =>
      this.#parts.outlet.send(entries.map((entry) => this.#hold(entry))),
    );
  }

  async acknowledge(deliveryIds: readonly string[]): Promise<void> {
    const entries = this.#settled(deliveryIds);
    if (entries.length > 0) await this.#parts.feed.finish(entries);
  }

  reject(deliveryIds: readonly string[], { cause }: PubSubRejection): void {
    const entries = this.#settled(deliveryIds);
    for (const entry of entries) entry.cause = cause;
    this.#parts.feed.fail(entries);
  }

  extend(deliveryIds: readonly string[], acknowledgeTimeoutMs: number): void {
    for (const deliveryId of deliveryIds) {
      const held = this.#held.get(deliveryId);
      if (held === undefined) continue;
      clearTimeout(held.timer);
      held.timer = this.#timer(deliveryId, acknowledgeTimeoutMs);
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const { feed, onClosed } = this.#parts;
    feed.release(this.#settled([...this.#held.keys()]));
    await onClosed();
  }

  #hold(entry: Entry): PubSubDelivery {
    const deliveryId = String(++this.#deliveries);
    entry.deliveryCount++;
    this.#held.set(deliveryId, { entry, timer: this.#timer(deliveryId, this.#parts.acknowledgeTimeoutMs) });
    return { ...unacknowledged(entry.record), deliveryId, deliveryCount: entry.deliveryCount };
  }

  #timer(deliveryId: string, afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#parts.feed.fail(this.#settled([deliveryId])), afterMs);
  }

  /** Those of the deliveries that are outstanding; they are no more. */
  #settled(deliveryIds: readonly string[]): Entry[] {
    return deliveryIds.flatMap((deliveryId) => {
      const held = this.#held.get(deliveryId);
      if (held === undefined) return [];
      clearTimeout(held.timer);
      this.#held.delete(deliveryId);
      return held.entry;
    });
  }
}

/** A record as one delivers it at most once. */
export function unacknowledged({ message, publishedTo = "", appendedAtMs }: KafkaRecord): PubSubDelivery {
  return { deliveryId: "", topic: publishedTo, message, publishedAtMs: appendedAtMs, deliveryCount: 1 };
}

/** Takes and delivers again and again. What is taken when nobody is there any more is not delivered. */
async function delivering(
  { feed, outlet }: TakingParts,
  signal: AbortSignal,
  deliver: (entries: readonly Entry[]) => Promise<void> | void,
): Promise<void> {
  try {
    while (!signal.aborted) {
      const entries = await feed.take(await outlet.room(), signal);
      if (signal.aborted) return feed.release(entries);
      await deliver(entries);
    }
  } catch (error) {
    // The call has ended, or will.
    if (!signal.aborted) outlet.failed(error);
  }
}
