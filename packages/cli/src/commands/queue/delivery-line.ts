import type { queue } from "@prism-data/pattern-sdk/protocol";
import { jsonLine } from "../../json-line.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { deliveryJson } from "./queue-json.js";

/** What a line of a delivery is, for help texts. */
export const deliveryLineHelp = `A line is DELIVERY_ID, a tab, how often the message was delivered, a tab, KEY, a tab, PAYLOAD, escaped as in "prism kv scan". --json
prints one object per line, with the payload and the values of headers in base64.`;

/** One delivery as one line. */
export function deliveryLine(delivery: queue.Delivery, json: boolean): string {
  if (json) return jsonLine(deliveryJson(delivery));
  const { deliveryId, deliveryCount, message } = delivery;
  const key = printableText(message?.key ?? "");
  return `${deliveryId}\t${deliveryCount}\t${key}\t${printableBytes(message?.payload ?? new Uint8Array())}\n`;
}
