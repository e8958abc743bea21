import type { OutgoingMessage } from "@prism-data/transport";
import type { DeliveryPromise } from "../../patterns/messaging/message.js";
import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import type { PubSubDelivery, Subscription } from "../../patterns/pub-sub/pub-sub.js";
import * as wire from "../gen/prism/pubsub/v1/pubsub.js";
import { encodeMessage } from "../message.js";
import type { OutletCodec } from "../messaging/message-outlet.js";
import { wireDelivery, wireMessage, wireOrdering } from "../messaging/wire-messages.js";
import { timestampFromMs } from "../wire-time.js";

/** How deliveries go to a subscriber. */
export const deliveryCodec: OutletCodec<PubSubDelivery> = {
  sizeBytesOf: ({ message }) => messageSizeBytes(message),
  encode: (deliveries) => told({ $case: "deliveries", value: { deliveries: deliveries.map(wireDeliveryOf) } }),
};

export function startedAnswer(delivery: DeliveryPromise, { ordering }: Subscription): OutgoingMessage {
  return told({ $case: "started", value: { delivery: wireDelivery(delivery), ordering: wireOrdering(ordering) } });
}

export function lostAnswer(messages: number): OutgoingMessage {
  return told({ $case: "lost", value: { messages: BigInt(messages) } });
}

function told(event: NonNullable<wire.SubscribeResponse["event"]>): OutgoingMessage {
  return encodeMessage(wire.SubscribeResponse, { event });
}

function wireDeliveryOf(delivery: PubSubDelivery): wire.Delivery {
  const { deliveryId, topic, message, publishedAtMs, deliveryCount } = delivery;
  return {
    deliveryId,
    topic,
    message: wireMessage(message),
    publishTime: timestampFromMs(publishedAtMs),
    deliveryCount,
  };
}
