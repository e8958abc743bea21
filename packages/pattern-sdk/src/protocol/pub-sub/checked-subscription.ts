import type { DeliveryPromise } from "../../patterns/messaging/message.js";
import type { PubSubRejection, SubscribeRequest } from "../../patterns/pub-sub/pub-sub.js";
import * as message from "../gen/prism/message/v1/message.js";
import type * as wire from "../gen/prism/pubsub/v1/pubsub.js";
import {
  checkedCause,
  checkedDeliveryIds,
  checkedHoldMs,
  checkedRejectionDelayMs,
  checkedWithin,
} from "../messaging/checked-deliveries.js";
import {
  groupBytesMax,
  outstandingBytesDefault,
  outstandingBytesMax,
  outstandingBytesMin,
  outstandingMessagesDefault,
  outstandingMessagesMax,
} from "../messaging/messaging-bounds.js";
import { checkSameNamespace, requireCapability } from "../pattern/bound-namespace.js";
import { checkText, invalidField } from "../pattern/checked-fields.js";
import type { BoundPubSub } from "./bound-pub-sub.js";
import { checkTopicPattern } from "./checked-topic.js";
import { acknowledgeTimeoutMsDefault } from "./pub-sub-bounds.js";

const messagesRange = { min: 1, max: outstandingMessagesMax, fallback: outstandingMessagesDefault };
const bytesRange = { min: outstandingBytesMin, max: outstandingBytesMax, fallback: outstandingBytesDefault };

/** What a subscriber says after its start, checked. */
export type Step =
  | { readonly kind: "acknowledge"; readonly deliveryIds: readonly string[] }
  | { readonly kind: "reject"; readonly deliveryIds: readonly string[]; readonly rejection: PubSubRejection }
  | { readonly kind: "extend"; readonly deliveryIds: readonly string[]; readonly acknowledgeTimeoutMs: number };

/** The first request of a subscription. */
export function checkedStart(bound: BoundPubSub, { action }: wire.SubscribeRequest): SubscribeRequest {
  if (action?.$case !== "start") throw invalidField("start", "is required in the first request");
  const { topic, group, delivery, maxOutstandingMessages, maxOutstandingBytes, acknowledgeTimeout } = action.value;
  checkTopicPattern(bound, topic, "start.topic");
  checkText(group, groupBytesMax, "start.group");
  if (group !== "") requireCapability(bound, "groups", "The field start.group");
  return {
    topic,
    group: group === "" ? undefined : group,
    delivery: checkedDelivery(bound, delivery),
    outstandingMessagesMax: checkedWithin(maxOutstandingMessages, messagesRange, "start.max_outstanding_messages"),
    outstandingBytesMax: checkedWithin(Number(maxOutstandingBytes), bytesRange, "start.max_outstanding_bytes"),
    acknowledgeTimeoutMs: checkedHoldMs(acknowledgeTimeout, acknowledgeTimeoutMsDefault, "start.acknowledge_timeout"),
  };
}

function checkedDelivery(bound: BoundPubSub, delivery: message.DeliveryPromise): DeliveryPromise {
  if (delivery === message.DeliveryPromise.UNSPECIFIED || delivery === message.DeliveryPromise.AT_MOST_ONCE) {
    return "at-most-once";
  }
  if (delivery !== message.DeliveryPromise.AT_LEAST_ONCE) {
    throw invalidField("start.delivery", `is ${delivery}, which is no DeliveryPromise`);
  }
  requireCapability(bound, "acknowledgement", "At least once in start.delivery");
  return "at-least-once";
}

/** Any later request of the same subscription. */
export function checkedStep(
  bound: BoundPubSub,
  start: SubscribeRequest,
  { namespace, action }: wire.SubscribeRequest,
): Step {
  checkSameNamespace(bound, namespace);
  if (action === undefined) throw invalidField("action", "is required: give acknowledge, reject or extend");
  if (action.$case === "start")
    throw invalidField("start", "was given already; open another stream to subscribe again");
  if (start.delivery === "at-most-once") {
    throw invalidField(action.$case, "is for subscriptions with at least once, and this one is with at most once");
  }
  const { deliveryIds } = action.value;
  checkedDeliveryIds(deliveryIds, `${action.$case}.delivery_ids`);
  switch (action.$case) {
    case "acknowledge":
      return { kind: "acknowledge", deliveryIds };
    case "reject":
      return { kind: "reject", deliveryIds, rejection: checkedRejection(bound, action.value) };
    case "extend":
      return {
        kind: "extend",
        deliveryIds,
        acknowledgeTimeoutMs: checkedHoldMs(
          action.value.acknowledgeTimeout,
          start.acknowledgeTimeoutMs,
          "extend.acknowledge_timeout",
        ),
      };
  }
}

function checkedRejection(bound: BoundPubSub, { delay, cause }: wire.Reject): PubSubRejection {
  const delayMs = checkedRejectionDelayMs(delay, "reject.delay");
  if (delayMs > 0) requireCapability(bound, "delay", "The field reject.delay");
  return { delayMs, cause: checkedCause(cause, "reject.cause") };
}
