import type { CallContext, QueueDelivery, ReceiveRequest } from "@prism-data/pattern-sdk";
import type { Clock } from "./clock.js";

interface WaitingReceive {
  readonly request: ReceiveRequest;
  answer(deliveries: readonly QueueDelivery[]): void;
}

/** The receives that found nothing and wait, the first before the others. */
export class WaitingReceives {
  readonly #clock: Clock;
  readonly #waiting = new Set<WaitingReceive>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until `serve` has something, the request's time is over, or its call. */
  add(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    const { promise, resolve } = Promise.withResolvers<readonly QueueDelivery[]>();
    const inVain = () => waiting.answer([]);
    const cancelTimer = this.#clock.startTimer(inVain, request.waitMs);
    const waiting: WaitingReceive = {
      request,
      answer: (deliveries) => {
        this.#waiting.delete(waiting);
        cancelTimer();
        signal.removeEventListener("abort", inVain);
        resolve(deliveries);
      },
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", inVain);
    return promise;
  }

  /** Answers one after the other for as long as `take` gives something. */
  serve(take: (request: ReceiveRequest) => readonly QueueDelivery[]): void {
    for (const { request, answer } of this.#waiting) {
      const deliveries = take(request);
      if (deliveries.length === 0) return;
      answer(deliveries);
    }
  }

  /** Lets all of them have waited in vain. */
  clear(): void {
    for (const { answer } of this.#waiting) answer([]);
  }
}
