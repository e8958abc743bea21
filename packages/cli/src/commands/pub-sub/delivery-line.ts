import type { pubsub } from "@prism-data/pattern-sdk/protocol";
import { jsonLine } from "../../json-line.js";
import { messageJson } from "../../message-json.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { rfc3339 } from "../../proto-json.js";

/** One message as one line. */
export function deliveryLine(delivery: pubsub.Delivery, json: boolean): string {
  if (json) return jsonLine({ delivery: deliveryJson(delivery) });
  const { topic, message } = delivery;
  const key = printableText(message?.key ?? "");
  return `${printableText(topic)}\t${key}\t${printableBytes(message?.payload ?? new Uint8Array())}\n`;
}

/** In the names and forms of proto3 JSON; the id of the delivery is of no use to anybody else. */
function deliveryJson({ topic, message, publishTime, deliveryCount }: pubsub.Delivery): Record<string, unknown> {
  return {
    topic,
    ...(message !== undefined && { message: messageJson(message) }),
    ...(publishTime !== undefined && { publishTime: rfc3339(publishTime) }),
    deliveryCount,
  };
}
