import assert from "node:assert/strict";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import type * as wire from "../../protocol/gen/prism/queue/v1/queue.js";
import { msFromTimestamp } from "../../protocol/wire-time.js";

/** One delivery, as the wire said it. */
export interface Delivery {
  readonly id: string;
  readonly message: Message;
  /** The payload as text. */
  readonly text: string;
  readonly sentAtMs: number;
  readonly count: number;
  readonly leaseExpiresAtMs: number;
}

export function deliveryOf({ deliveryId, message, sendTime, deliveryCount, leaseExpireTime }: wire.Delivery): Delivery {
  assert.ok(message !== undefined, "a delivery has a message");
  assert.ok(sendTime !== undefined, "a delivery has a send_time");
  assert.ok(leaseExpireTime !== undefined, "a delivery has a lease_expire_time");
  assert.notEqual(deliveryId, "", "a delivery has an id");
  return {
    id: deliveryId,
    message,
    text: Buffer.from(message.payload).toString(),
    sentAtMs: msFromTimestamp(sendTime),
    count: deliveryCount,
    leaseExpiresAtMs: msFromTimestamp(leaseExpireTime),
  };
}

export function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ id }) => id);
}

export function textsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ text }) => text);
}
