import type { DeliveryOutlet, PubSubDelivery, PubSubRejection, Room, Subscription } from "@prism-data/pattern-sdk";
import type { Backlog, Entry, Taker } from "./backlog.js";
import type { Publication } from "./publication.js";

/** All that is there: whoever reads at most once needs no room. */
const anyRoom: Room = { items: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

/** A subscription without a group, at most once: gets everything at once, and nothing is kept for it. */
export class DirectSubscription implements Subscription {
  readonly ordering = "total";
  readonly #outlet: DeliveryOutlet;
  readonly #onClosed: () => void;

  constructor(outlet: DeliveryOutlet, onClosed: () => void) {
    this.#outlet = outlet;
    this.#onClosed = onClosed;
  }

  accept(publications: readonly Publication[]): void {
    this.#outlet.send(publications.map(unacknowledged));
  }

  close(): void {
    this.#onClosed();
  }
}

/** A member of a group, at most once: what it takes is done with. */
export class TakingSubscription implements Subscription, Taker {
  readonly ordering = "total";
  readonly #backlog: Backlog;
  readonly #outlet: DeliveryOutlet;
  readonly #onClosed: () => void;

  constructor(backlog: Backlog, outlet: DeliveryOutlet, onClosed: () => void) {
    this.#backlog = backlog;
    this.#outlet = outlet;
    this.#onClosed = onClosed;
  }

  wake(): void {
    const entries = this.#backlog.take(this, anyRoom);
    for (const entry of entries) this.#backlog.forget(entry);
    this.#outlet.send(entries.map(({ publication }) => unacknowledged(publication)));
  }

  close(): void {
    this.#backlog.leave(this);
    this.#onClosed();
  }
}

/** What a subscription with at least once works with. */
export interface HoldingParts {
  readonly backlog: Backlog;
  readonly outlet: DeliveryOutlet;
  readonly acknowledgeTimeoutMs: number;
  readonly onClosed: () => void;
}

/** A subscription at least once: takes as much as there is room for, and holds it until it is acknowledged. */
export class HoldingSubscription implements Subscription, Taker {
  readonly ordering = "total";
  readonly #parts: HoldingParts;
  readonly #held = new Map<string, Entry>();
  #deliveries = 0;
  #isClosed = false;
  /** Fulfilled when there is something to take. */
  #woken: PromiseWithResolvers<void> | undefined;

  constructor(parts: HoldingParts) {
    this.#parts = parts;
  }

  /** Delivers until the subscription is closed. Never rejects. */
  async deliver(): Promise<void> {
    const { backlog, outlet } = this.#parts;
    try {
      for (;;) {
        const room = await outlet.room();
        if (this.#isClosed) return;
        const entries = backlog.take(this, room);
        if (entries.length > 0) outlet.send(entries.map((entry) => this.#hold(entry)));
        else await this.#untilWoken();
      }
    } catch (error) {
      // The call has ended, or will.
      if (!this.#isClosed) outlet.failed(error);
    }
  }

  wake(): void {
    this.#woken?.resolve();
    this.#woken = undefined;
  }

  acknowledge(deliveryIds: readonly string[]): void {
    for (const entry of this.#settled(deliveryIds)) this.#parts.backlog.forget(entry);
  }

  reject(deliveryIds: readonly string[], { delayMs, cause }: PubSubRejection): void {
    for (const entry of this.#settled(deliveryIds)) {
      entry.cause = cause;
      this.#parts.backlog.giveBack(entry, delayMs);
    }
  }

  extend(deliveryIds: readonly string[], acknowledgeTimeoutMs: number): void {
    for (const deliveryId of deliveryIds) {
      const entry = this.#held.get(deliveryId);
      if (entry !== undefined) this.#holdFor(entry, deliveryId, acknowledgeTimeoutMs);
    }
  }

  close(): void {
    const { backlog, onClosed } = this.#parts;
    this.#isClosed = true;
    backlog.leave(this);
    backlog.returnAll(this.#held.values());
    this.#held.clear();
    this.wake();
    onClosed();
  }

  #hold(entry: Entry): PubSubDelivery {
    const deliveryId = String(++this.#deliveries);
    this.#held.set(deliveryId, entry);
    this.#holdFor(entry, deliveryId, this.#parts.acknowledgeTimeoutMs);
    const { topic, message, publishedAtMs } = entry.publication;
    return { deliveryId, topic, message, publishedAtMs, deliveryCount: entry.deliveryCount };
  }

  #holdFor(entry: Entry, deliveryId: string, holdMs: number): void {
    this.#parts.backlog.hold(entry, holdMs, () => this.#held.delete(deliveryId));
  }

  /** Those of the deliveries that are outstanding; they are no more. */
  #settled(deliveryIds: readonly string[]): Entry[] {
    return deliveryIds.flatMap((deliveryId) => {
      const entry = this.#held.get(deliveryId);
      this.#held.delete(deliveryId);
      return entry === undefined ? [] : [entry];
    });
  }

  async #untilWoken(): Promise<void> {
    this.#woken = Promise.withResolvers();
    await this.#woken.promise;
  }
}

function unacknowledged({ topic, message, publishedAtMs }: Publication): PubSubDelivery {
  return { deliveryId: "", topic, message, publishedAtMs, deliveryCount: 1 };
}
