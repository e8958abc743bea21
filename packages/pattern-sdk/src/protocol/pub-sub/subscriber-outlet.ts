import type { OutgoingMessage, StreamingServerCall } from "@prism-data/transport";
import type { DeliveryOutlet, PubSubDelivery, SubscribeRequest } from "../../patterns/pub-sub/pub-sub.js";
import { MessageOutlet } from "../messaging/message-outlet.js";
import { OutstandingDeliveries } from "../messaging/outstanding-deliveries.js";
import type { Step } from "./checked-subscription.js";
import { sweepIntervalMs } from "./pub-sub-bounds.js";
import { deliveryCodec } from "./wire-deliveries.js";

/** An outlet as the service sees it. */
export interface SubscriberOutlet extends DeliveryOutlet {
  /** Sends the first answer, and then what waits for it. Call it once. */
  start(started: OutgoingMessage): void;
  /** What of a step is about deliveries that the subscriber holds; `undefined`: nothing. */
  counted(step: Step): Step | undefined;
}

/** What an outlet of a subscription works with. */
export interface SubscriberOutletOptions {
  readonly call: StreamingServerCall;
  readonly request: SubscribeRequest;
  /** Aborted when the subscription ends. */
  readonly signal: AbortSignal;
  /** Ends the subscription. */
  readonly onFailed: (error: unknown) => void;
}

/** Delivers at least once: at the subscriber's pace, never more than it may hold, and nothing is lost. */
export class AcknowledgedOutlet extends MessageOutlet<PubSubDelivery> implements SubscriberOutlet {
  readonly failed: (error: unknown) => void;
  readonly #outstanding: OutstandingDeliveries;

  constructor({ call, request, signal, onFailed }: SubscriberOutletOptions) {
    const bounds = { messages: request.outstandingMessagesMax, bytes: request.outstandingBytesMax };
    const outstanding = new OutstandingDeliveries(bounds, request.acknowledgeTimeoutMs);
    super({ ...deliveryCodec, call, signal, outstanding, isClosed: true });
    this.failed = onFailed;
    this.#outstanding = outstanding;
    const sweep = setInterval(() => this.#sweep(), sweepIntervalMs);
    signal.addEventListener("abort", () => clearInterval(sweep), { once: true });
  }

  start(started: OutgoingMessage): void {
    this.tell(started);
    this.open();
  }

  counted(step: Step): Step | undefined {
    const deliveryIds =
      step.kind === "extend"
        ? this.#outstanding.extend(step.deliveryIds, step.acknowledgeTimeoutMs)
        : this.#outstanding.remove(step.deliveryIds);
    if (step.kind !== "extend") this.freed();
    return deliveryIds.length === 0 ? undefined : { ...step, deliveryIds };
  }

  #sweep(): void {
    if (this.#outstanding.dropEnded()) this.freed();
  }
}
