import type { Awaitable } from "../../awaitable.js";
import type { Subscription } from "../../patterns/pub-sub/pub-sub.js";
import { messagesPerRequestMax } from "../messaging/messaging-bounds.js";
import type { Step } from "./checked-subscription.js";
import { waitingStepsMax } from "./pub-sub-bounds.js";

/**
 * Passes a subscriber's steps on to the plugin, one after the other in their order. Acknowledgements that come while the plugin is
 * at work are passed on together.
 */
export class SubscriberSteps {
  readonly #subscription: Subscription;
  readonly #onFailed: (error: unknown) => void;
  #waiting: Step[] = [];
  #work: Promise<void> | undefined;

  /** `onFailed` is called with what a step has met; those after it are not tried. */
  constructor(subscription: Subscription, onFailed: (error: unknown) => void) {
    this.#subscription = subscription;
    this.#onFailed = onFailed;
  }

  /** Takes a step. What is returned is fulfilled when the next one may come. */
  async add(step: Step): Promise<void> {
    this.#waiting.push(step);
    this.#work ??= this.#run();
    if (this.#waiting.length >= waitingStepsMax) await this.#work;
  }

  /** Fulfilled when every step was tried. */
  async done(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#take(this.#next());
    } catch (error) {
      this.#waiting = [];
      this.#onFailed(error);
    } finally {
      this.#work = undefined;
    }
  }

  /** The next step, with the acknowledgements that follow it if it is one. */
  #next(): Step {
    const first = this.#waiting.shift()!;
    if (first.kind !== "acknowledge") return first;
    const deliveryIds = [...first.deliveryIds];
    for (let step = this.#waiting[0]; step?.kind === "acknowledge"; step = this.#waiting[0]) {
      if (deliveryIds.length + step.deliveryIds.length > messagesPerRequestMax) break;
      deliveryIds.push(...step.deliveryIds);
      this.#waiting.shift();
    }
    return { kind: "acknowledge", deliveryIds };
  }

  #take(step: Step): Awaitable<void> {
    const subscription = this.#subscription;
    switch (step.kind) {
      case "acknowledge":
        return subscription.acknowledge!(step.deliveryIds);
      case "reject":
        return subscription.reject!(step.deliveryIds, step.rejection);
      case "extend":
        return subscription.extend!(step.deliveryIds, step.acknowledgeTimeoutMs);
    }
  }
}
