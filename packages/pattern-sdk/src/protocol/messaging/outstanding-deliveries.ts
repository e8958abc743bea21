import type { Room } from "../../patterns/messaging/outlet.js";
import type { Allowance } from "./message-outlet.js";
import { Outstanding, type OutstandingBounds } from "./outstanding.js";

interface Held {
  readonly sizeBytes: number;
  /** By this process's clock. */
  readonly endsAtMs: number;
}

/**
 * What one reader holds: delivered to it, and neither given back nor past its time. What is past its time is somebody else's and
 * takes no room, even if the reader never says a word about it.
 */
export class OutstandingDeliveries implements Allowance<{ readonly deliveryId: string }> {
  readonly #outstanding: Outstanding;
  readonly #holdMs: number;
  readonly #held = new Map<string, Held>();
  /** No time of what is held ends before. */
  #firstEndsAtMs = Number.POSITIVE_INFINITY;

  /** `holdMs`: how long a delivery is the reader's at first. */
  constructor(bounds: OutstandingBounds, holdMs: number) {
    this.#outstanding = new Outstanding(bounds);
    this.#holdMs = holdMs;
  }

  get room(): Room | undefined {
    return this.#outstanding.room;
  }

  add(sizeBytes: number, { deliveryId }: { readonly deliveryId: string }): boolean {
    if (!this.#outstanding.add(sizeBytes)) return false;
    this.#hold(deliveryId, sizeBytes, this.#holdMs);
    return true;
  }

  /** Takes out those of the deliveries that are outstanding, and returns them. */
  remove(deliveryIds: readonly string[]): readonly string[] {
    return deliveryIds.filter((deliveryId) => {
      const held = this.#held.get(deliveryId);
      if (held === undefined) return false;
      this.#held.delete(deliveryId);
      this.#outstanding.remove(held.sizeBytes);
      return true;
    });
  }

  /** Gives those of the deliveries that are outstanding so much time from now, and returns them. */
  extend(deliveryIds: readonly string[], holdMs: number): readonly string[] {
    return deliveryIds.filter((deliveryId) => {
      const held = this.#held.get(deliveryId);
      if (held !== undefined) this.#hold(deliveryId, held.sizeBytes, holdMs);
      return held !== undefined;
    });
  }

  /** Takes out what is past its time. False: nothing was. */
  dropEnded(): boolean {
    const nowMs = Date.now();
    if (nowMs < this.#firstEndsAtMs) return false;
    const ended = [...this.#held].filter(([, { endsAtMs }]) => endsAtMs <= nowMs).map(([deliveryId]) => deliveryId);
    this.remove(ended);
    this.#firstEndsAtMs = Number.POSITIVE_INFINITY;
    for (const { endsAtMs } of this.#held.values()) this.#firstEndsAtMs = Math.min(this.#firstEndsAtMs, endsAtMs);
    return ended.length > 0;
  }

  #hold(deliveryId: string, sizeBytes: number, holdMs: number): void {
    const endsAtMs = Date.now() + holdMs;
    this.#held.set(deliveryId, { sizeBytes, endsAtMs });
    this.#firstEndsAtMs = Math.min(this.#firstEndsAtMs, endsAtMs);
  }
}
