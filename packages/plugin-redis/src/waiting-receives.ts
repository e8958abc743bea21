import type { ChangeFeed } from "./change-feed.js";
import { ChannelListener } from "./channel-listener.js";
import type { QueueStore, StoredDelivery, TakeRequest } from "./queue-store.js";

/** How often a queue is looked at although nothing was told, in ms. */
const pollMs = 1_000;

/** How many look at the same time for those who wait. */
const lookersMax = 4;

type Deliveries = readonly StoredDelivery[];

/** Asks for what is ready, or becomes ready within `waitMs`. */
export interface WaitingRequest extends TakeRequest {
  readonly waitMs: number;
}

export interface WaitingReceivesOptions {
  readonly store: QueueStore;
  readonly news: ChangeFeed;
  /** Where is told that there is something to receive. */
  readonly channel: string;
}

interface Waiter {
  readonly request: WaitingRequest;
  readonly resolve: (deliveries: Deliveries) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it still wants something. */
  waits: boolean;
}

/**
 * Those who wait for messages of one queue, served first come, first served: when something was sent or given back, by whatever process,
 * and when a lease or a delay ends.
 */
export class WaitingReceives {
  readonly #store: QueueStore;
  readonly #listen: () => ChannelListener;
  #waiters: Waiter[] = [];
  #rings = 0;
  #lookers = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Listens from the first wait on: connections do not come and go with those who wait. */
  #listener: ChannelListener | undefined;

  constructor({ store, news, channel }: WaitingReceivesOptions) {
    this.#store = store;
    const ring = () => this.#ring();
    this.#listen = () => new ChannelListener({ feed: news, channel, onUp: ring, onMessage: ring });
  }

  /** Waits for messages: none when `waitMs` passes or the signal is aborted first. */
  async receive(request: WaitingRequest, signal: AbortSignal): Promise<Deliveries> {
    if (signal.aborted) return [];
    this.#listener ??= this.#listen();
    const { promise, resolve, reject } = Promise.withResolvers<Deliveries>();
    const waiter: Waiter = { request, resolve, reject, waits: true };
    const giveUp = () => this.#leave(waiter);
    const timer = setTimeout(giveUp, request.waitMs);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#waiters.push(waiter);
    this.#ring();
    try {
      return await promise;
    } finally {
      waiter.waits = false;
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      if (this.#waiters.length === 0) clearTimeout(this.#timer);
    }
  }

  /** Nobody waits any more. */
  close(): void {
    for (const waiter of [...this.#waiters]) this.#leave(waiter);
    this.#listener?.close();
    this.#listener = undefined;
    clearTimeout(this.#timer);
  }

  #leave(waiter: Waiter): void {
    waiter.waits = false;
    this.#waiters = this.#waiters.filter((one) => one !== waiter);
    waiter.resolve([]);
  }

  #ring(): void {
    this.#rings++;
    if (this.#lookers < Math.min(lookersMax, this.#waiters.length)) void this.#look();
  }

  /** Serves waiters until there is nothing for the next. Never rejects. */
  async #look(): Promise<void> {
    this.#lookers++;
    try {
      let waiter = this.#waiters.shift();
      while (waiter !== undefined) waiter = (await this.#serve(waiter)) ? this.#waiters.shift() : undefined;
      if (this.#lookers === 1 && this.#waiters.length > 0) await this.#lookLater();
    } catch (error) {
      for (const { reject } of this.#waiters.splice(0)) reject(error);
    } finally {
      this.#lookers--;
    }
  }

  /** Returns whether the queue may have more. */
  async #serve(waiter: Waiter): Promise<boolean> {
    try {
      let deliveries: Deliveries;
      let rings: number;
      do {
        rings = this.#rings;
        deliveries = waiter.waits ? await this.#store.take(waiter.request) : [];
      } while (deliveries.length === 0 && waiter.waits && rings !== this.#rings);
      if (deliveries.length > 0) {
        await this.#handOver(waiter, deliveries);
        return true;
      }
      if (waiter.waits) this.#waiters.unshift(waiter);
      return !waiter.waits;
    } catch (error) {
      waiter.reject(error);
      throw error;
    }
  }

  /** What came too late for its waiter goes back as if it had never been delivered. */
  async #handOver(waiter: Waiter, deliveries: Deliveries): Promise<void> {
    if (waiter.waits) waiter.resolve(deliveries);
    else
      await this.#store.release(
        deliveries.map(({ deliveryId }) => deliveryId),
        { counts: false, mayDie: false },
      );
  }

  async #lookLater(): Promise<void> {
    const rings = this.#rings;
    const dueInMs = (await this.#store.nextDueInMs()) ?? pollMs;
    const delayMs = rings === this.#rings ? Math.min(Math.max(dueInMs, 1), pollMs) : 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ring(), delayMs);
  }
}
