import { isDeepStrictEqual } from "node:util";
import type { Awaitable } from "../../awaitable.js";

/** How often a queue is looked at although nothing was told, in ms. */
const pollMs = 1_000;

/** How many look at the same time for those who wait. */
const lookersMax = 4;

/** What those who wait are served from. */
export interface WaitedQueue<Request, Delivery> {
  /** Leases what is ready now. */
  take(request: Request): Promise<readonly Delivery[]>;
  /** In how many ms something becomes ready by itself. `undefined`: nothing will. */
  nextDueInMs(): Awaitable<number | undefined>;
  /** Takes deliveries back as if they had never been made. */
  giveBack(deliveries: readonly Delivery[]): Promise<void>;
  /** Calls `ringer` whenever something became ready, until the returned function is called. */
  onReady(ringer: () => void): Awaitable<() => void>;
}

interface Waiter<Request, Delivery> {
  readonly request: Request;
  readonly resolve: (deliveries: readonly Delivery[]) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it still wants something. */
  waits: boolean;
}

/**
 * Those who wait for messages of one queue, served first come, first served: when something was sent or given back, by whatever process,
 * and when a lease or a delay ends. For plugins whose data system has no waiting of its own.
 */
export class WaitingReceives<Request extends { readonly waitMs: number }, Delivery> {
  readonly #queue: WaitedQueue<Request, Delivery>;
  #waiters: Waiter<Request, Delivery>[] = [];
  #rings = 0;
  #lookers = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopRinging: (() => void) | undefined;

  constructor(queue: WaitedQueue<Request, Delivery>) {
    this.#queue = queue;
  }

  /** Waits for messages: none when `waitMs` passes or the signal is aborted first. Throws what `take` throws. */
  async receive(request: Request, signal: AbortSignal): Promise<readonly Delivery[]> {
    if (signal.aborted) return [];
    await this.#listen();
    const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery[]>();
    const waiter: Waiter<Request, Delivery> = { request, resolve, reject, waits: true };
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
      if (this.#waiters.length === 0) this.#rest();
    }
  }

  /** Nobody waits any more. */
  close(): void {
    for (const waiter of [...this.#waiters]) this.#leave(waiter);
    this.#rest();
  }

  async #listen(): Promise<void> {
    if (this.#stopRinging !== undefined) return;
    const stop = await this.#queue.onReady(() => this.#ring());
    if (this.#stopRinging === undefined) this.#stopRinging = stop;
    else stop();
  }

  #rest(): void {
    this.#stopRinging?.();
    this.#stopRinging = undefined;
    clearTimeout(this.#timer);
  }

  #leave(waiter: Waiter<Request, Delivery>): void {
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
  async #serve(waiter: Waiter<Request, Delivery>): Promise<boolean> {
    try {
      let deliveries: readonly Delivery[];
      let rings: number;
      do {
        rings = this.#rings;
        deliveries = waiter.waits ? await this.#queue.take(waiter.request) : [];
      } while (deliveries.length === 0 && waiter.waits && rings !== this.#rings);
      if (deliveries.length > 0) {
        const receiver = waiter.waits ? waiter : this.#another(waiter);
        // What came too late goes back as if it had never been delivered.
        if (receiver === undefined) await this.#queue.giveBack(deliveries);
        else receiver.resolve(deliveries);
        return true;
      }
      if (waiter.waits) this.#waiters.unshift(waiter);
      return !waiter.waits;
    } catch (error) {
      waiter.reject(error);
      throw error;
    }
  }

  /** The next who waits for the same: where taking is slow, nothing would ever come in time otherwise. */
  #another({ request }: Waiter<Request, Delivery>): Waiter<Request, Delivery> | undefined {
    const { waitMs: _, ...wanted } = request;
    const next = this.#waiters.find(({ request: { waitMs: _, ...other } }) => isDeepStrictEqual(other, wanted));
    this.#waiters = this.#waiters.filter((waiter) => waiter !== next);
    return next;
  }

  async #lookLater(): Promise<void> {
    const rings = this.#rings;
    const dueInMs = (await this.#queue.nextDueInMs()) ?? pollMs;
    const delayMs = rings === this.#rings ? Math.min(Math.max(dueInMs, 1), pollMs) : 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ring(), delayMs);
  }
}
