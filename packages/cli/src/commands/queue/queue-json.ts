import type { queue } from "@prism-data/pattern-sdk/protocol";
import { messageJson } from "../../message-json.js";
import { rfc3339 } from "../../proto-json.js";

type Time = queue.Delivery["sendTime"];

/** A delivery in the names and forms of proto3 JSON. */
export function deliveryJson(delivery: queue.Delivery): Record<string, unknown> {
  const { deliveryId, message, sendTime, deliveryCount, leaseExpireTime } = delivery;
  return {
    deliveryId,
    ...(message !== undefined && { message: messageJson(message) }),
    ...timeJson("sendTime", sendTime),
    deliveryCount,
    ...timeJson("leaseExpireTime", leaseExpireTime),
  };
}

export function deadLetterJson({ message, sendTime, deadTime, deliveryCount, cause }: queue.DeadLetter) {
  return {
    ...(message !== undefined && { message: messageJson(message) }),
    ...timeJson("sendTime", sendTime),
    ...timeJson("deadTime", deadTime),
    deliveryCount,
    cause,
  };
}

/** 64-bit numbers are strings. */
export function descriptionJson({ ready, leased, delayed, dead, oldestSendTime }: queue.DescribeResponse) {
  const counts = { ready: String(ready), leased: String(leased), delayed: String(delayed), dead: String(dead) };
  return { ...counts, ...timeJson("oldestSendTime", oldestSendTime) };
}

function timeJson(name: string, time: Time): Record<string, string> {
  return time === undefined ? {} : { [name]: rfc3339(time) };
}
