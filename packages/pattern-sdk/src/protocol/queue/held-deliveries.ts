import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import type { Room } from "../../patterns/messaging/outlet.js";
import type { QueueDelivery } from "../../patterns/queue/queue.js";
import { Outstanding, type OutstandingBounds } from "../messaging/outstanding.js";
import { unlessAborted } from "../pattern/stream-method.js";

/** How often ended leases are looked for while somebody waits for room: no lease is shorter. */
const sweepIntervalMs = 1_000;

interface Held {
  readonly deliveryId: string;
  readonly sizeBytes: number;
  /** By this process's clock, on which the backend's may not agree. */
  readonly leaseEndsAtMs: number;
}

/**
 * What one consumer holds: delivered to it, and neither settled nor past its lease. What is past its lease is somebody else's and
 * takes no room, even if the consumer never says a word about it.
 */
export class HeldDeliveries {
  readonly #outstanding: Outstanding;
  readonly #held = new Map<string, Held>();
  #changed = Promise.withResolvers<void>();

  constructor(bounds: OutstandingBounds) {
    this.#outstanding = new Outstanding(bounds);
  }

  get size(): number {
    return this.#held.size;
  }

  /** What the plugin calls them. */
  get deliveryIds(): readonly string[] {
    return [...this.#held.values()].map(({ deliveryId }) => deliveryId);
  }

  /** False, and not held: it does not fit now. */
  add(wireId: string, { deliveryId, message }: QueueDelivery, leaseMs: number): boolean {
    const sizeBytes = messageSizeBytes(message);
    if (!this.#outstanding.add(sizeBytes)) return false;
    this.#held.set(wireId, { deliveryId, sizeBytes, leaseEndsAtMs: Date.now() + leaseMs });
    return true;
  }

  /** The lease of a delivery now ends later. */
  extend(wireId: string, leaseMs: number): void {
    const held = this.#held.get(wireId);
    if (held !== undefined) this.#held.set(wireId, { ...held, leaseEndsAtMs: Date.now() + leaseMs });
  }

  /** A delivery was settled, or its lease is lost. */
  remove(wireId: string): void {
    const held = this.#held.get(wireId);
    if (held === undefined) return;
    this.#held.delete(wireId);
    this.#outstanding.remove(held.sizeBytes);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Waits until there is room for so many bytes, or nothing is held. Rejects with the signal's reason. */
  async room(neededBytes: number, signal: AbortSignal): Promise<Room> {
    for (;;) {
      signal.throwIfAborted();
      const { room } = this.#outstanding;
      if (room !== undefined && (this.#held.size === 0 || room.bytes >= neededBytes)) return room;
      await this.change(signal);
    }
  }

  /** Waits until something is not held any more. Rejects with the signal's reason. */
  async change(signal: AbortSignal): Promise<void> {
    const sweep = setInterval(() => this.#dropEnded(), sweepIntervalMs);
    try {
      await unlessAborted(this.#changed.promise, signal);
    } finally {
      clearInterval(sweep);
    }
  }

  #dropEnded(): void {
    const nowMs = Date.now();
    for (const [wireId, { leaseEndsAtMs }] of this.#held) if (leaseEndsAtMs <= nowMs) this.remove(wireId);
  }
}
