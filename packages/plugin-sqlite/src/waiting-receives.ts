import type { CallContext, QueueDelivery, ReceiveRequest } from "@prism-data/pattern-sdk";

/** A receive that found nothing and waits. */
export interface WaitingReceive {
  readonly request: ReceiveRequest;
  answer(deliveries: readonly QueueDelivery[]): void;
  fail(error: unknown): void;
}

/** The receives of one queue that wait, the first before the others. */
export class WaitingReceives {
  readonly #waiting = new Set<WaitingReceive>();

  get size(): number {
    return this.#waiting.size;
  }

  [Symbol.iterator](): IterableIterator<WaitingReceive> {
    return this.#waiting.values();
  }

  /** Waits until it is answered, the request's time is over, or its call. */
  add(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly QueueDelivery[]>();
    const inVain = () => waiting.answer([]);
    const timer = setTimeout(inVain, request.waitMs).unref();
    const end = () => {
      this.#waiting.delete(waiting);
      clearTimeout(timer);
      signal.removeEventListener("abort", inVain);
    };
    const waiting: WaitingReceive = {
      request,
      answer(deliveries) {
        end();
        resolve(deliveries);
      },
      fail(error) {
        end();
        reject(error);
      },
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", inVain);
    return promise;
  }

  /** Lets all of them have waited in vain. */
  clear(): void {
    for (const { answer } of this.#waiting) answer([]);
  }

  fail(error: unknown): void {
    for (const { fail } of this.#waiting) fail(error);
  }
}
