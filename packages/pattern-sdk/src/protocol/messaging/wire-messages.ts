import type { BatchResult } from "../../patterns/batch-result.js";
import type { DeliveryPromise, Message, OrderingPromise } from "../../patterns/messaging/message.js";
import * as wire from "../gen/prism/message/v1/message.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";

const orderings: Readonly<Record<OrderingPromise, wire.OrderingPromise>> = {
  none: wire.OrderingPromise.NONE,
  "per-key": wire.OrderingPromise.PER_KEY,
  "per-partition": wire.OrderingPromise.PER_PARTITION,
  "per-publisher": wire.OrderingPromise.PER_PUBLISHER,
  total: wire.OrderingPromise.TOTAL,
};

const deliveries: Readonly<Record<DeliveryPromise, wire.DeliveryPromise>> = {
  "at-most-once": wire.DeliveryPromise.AT_MOST_ONCE,
  "at-least-once": wire.DeliveryPromise.AT_LEAST_ONCE,
};

/** A message on the wire. Shares payload and headers with it. */
export function wireMessage(message: Message): wire.Message {
  // The generated type wants lists that it could write into, and never does.
  return message as wire.Message;
}

/** What became of one message. */
export function wireOutcome(
  result: BatchResult<string>,
  statusOfEntry: MethodEnvironment["statusOfEntry"],
): wire.Outcome {
  if (result.ok) return { outcome: { $case: "id", value: result.result } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireOrdering(ordering: OrderingPromise): wire.OrderingPromise {
  return orderings[ordering];
}

export function wireDelivery(delivery: DeliveryPromise): wire.DeliveryPromise {
  return deliveries[delivery];
}
