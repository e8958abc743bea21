import type { BatchResult } from "../../patterns/batch-result.js";
import type { DeadLetter, QueueDelivery, QueueDescription, Sent } from "../../patterns/queue/queue.js";
import type * as wire from "../gen/prism/queue/v1/queue.js";
import { wireMessage } from "../messaging/wire-messages.js";
import type { Status } from "../rpc.js";
import { timestampFromMs } from "../wire-time.js";
import { wireDeliveryId } from "./delivery-id.js";
import type { QueueEnvironment } from "./queue-method.js";

/** Says on the wire what one entry of a request met. */
export type StatusOfEntry = QueueEnvironment["statusOfEntry"];

const ok: Status = { code: 0, message: "", details: [] };

export function wireSent(result: BatchResult<Sent>, statusOfEntry: StatusOfEntry): wire.SendOutcome {
  if (result.ok) return { outcome: { $case: "sent", value: result.result } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireDelivery(delivery: QueueDelivery, leaseMs: number): wire.Delivery {
  return {
    deliveryId: wireDeliveryId(delivery, leaseMs),
    message: wireMessage(delivery.message),
    sendTime: timestampFromMs(delivery.sentAtMs),
    deliveryCount: delivery.deliveryCount,
    leaseExpireTime: timestampFromMs(delivery.leaseExpiresAtMs),
  };
}

/** The answer to an acknowledgement and to a rejection. */
export function wireStatuses(
  results: readonly BatchResult<void>[],
  statusOfEntry: StatusOfEntry,
): wire.AcknowledgeResponse & wire.RejectResponse {
  return { statuses: results.map((result) => (result.ok ? ok : statusOfEntry(result.error))) };
}

export function wireExtensions(
  results: readonly BatchResult<number>[],
  statusOfEntry: StatusOfEntry,
): wire.ExtendResponse {
  return { outcomes: results.map((result) => wireExtension(result, statusOfEntry)) };
}

function wireExtension(result: BatchResult<number>, statusOfEntry: StatusOfEntry): wire.ExtendOutcome {
  if (result.ok) return { outcome: { $case: "leaseExpireTime", value: timestampFromMs(result.result) } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireDescription(description: QueueDescription): wire.DescribeResponse {
  const { ready, leased, delayed, dead, oldestSentAtMs } = description;
  return {
    ready: BigInt(ready),
    leased: BigInt(leased),
    delayed: BigInt(delayed),
    dead: BigInt(dead),
    oldestSendTime: oldestSentAtMs === undefined ? undefined : timestampFromMs(oldestSentAtMs),
  };
}

export function wireDeadLetter(letter: DeadLetter): wire.DeadLetter {
  return {
    message: wireMessage(letter.message),
    sendTime: timestampFromMs(letter.sentAtMs),
    deadTime: timestampFromMs(letter.diedAtMs),
    deliveryCount: letter.deliveryCount,
    cause: letter.cause,
  };
}
