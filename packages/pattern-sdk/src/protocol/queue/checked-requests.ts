import type { ReceiveRequest, RedriveSelection, Rejection, SendEntry } from "../../patterns/queue/queue.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import type * as wire from "../gen/prism/queue/v1/queue.js";
import {
  checkedCause,
  checkedHoldMs,
  checkedRejectionDelayMs,
  checkedWithin,
} from "../messaging/checked-deliveries.js";
import { checkedMessage } from "../messaging/checked-message.js";
import {
  messageIdBytesMax,
  messagesPerRequestMax,
  outstandingBytesDefault,
  outstandingBytesMax,
  outstandingBytesMin,
  outstandingMessagesMax,
} from "../messaging/messaging-bounds.js";
import type { OutstandingBounds } from "../messaging/outstanding.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import {
  checkCount,
  checkedDurationMs,
  checkName,
  type DurationRange,
  invalidField,
} from "../pattern/checked-fields.js";
import { checkBatch } from "../pattern/checked-sizes.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import { wireDeliveryIdCharsMax } from "./delivery-id.js";
import {
  consumeMessagesDefault,
  deduplicationIdBytesMax,
  deliveryOverheadBytesMax,
  receiveMessagesDefault,
  receiveMessagesMax,
  redriveLimitDefault,
  redriveLimitMax,
  sendDelayMsMax,
  waitMarginMs,
  waitMsMax,
} from "./queue-bounds.js";
import { type BoundQueue, defaultLeaseMs } from "./queue-method.js";

const sendDelayRange: DurationRange = {
  aboveZero: false,
  maxMs: sendDelayMsMax,
  maxText: "14 days (1209600 s)",
  advice: "leave it out for no delay",
};

const waitRange: DurationRange = {
  aboveZero: false,
  maxMs: waitMsMax,
  maxText: "20 s",
  advice: "leave it out for an answer at once, and receive again when it was in vain",
};

/** The messages of a send. A wrong one refuses them all. */
export function checkedEntries(bound: BoundQueue, entries: readonly wire.SendEntry[]): readonly SendEntry[] {
  checkBatch(bound, entries.length, messagesPerRequestMax, "entries");
  return entries.map((entry, index) => checkedEntry(bound, entry, `entries[${index}]`));
}

function checkedEntry(bound: BoundQueue, entry: wire.SendEntry, path: string): SendEntry {
  const { deduplicationId } = entry;
  const message = checkedMessage(bound, entry.message, `${path}.message`);
  const delayMs = entry.delay === undefined ? 0 : checkedDurationMs(entry.delay, sendDelayRange, 1, `${path}.delay`);
  if (delayMs > 0) requireCapability(bound, "delay", `The field ${path}.delay`);
  if (deduplicationId === "") return { message, delayMs, deduplicationId: undefined };
  requireCapability(bound, "deduplication", `The field ${path}.deduplication_id`);
  checkName(deduplicationId, deduplicationIdBytesMax, `${path}.deduplication_id`);
  return { message, delayMs, deduplicationId };
}

/** A receive. It waits no longer than its caller does: then it has an answer, and not a deadline that has passed. */
export function checkedReceive(
  bound: BoundQueue,
  request: wire.ReceiveRequest,
  deadlineMs: number | undefined,
): ReceiveRequest {
  const bounds = { min: 1, max: receiveMessagesMax, fallback: receiveMessagesDefault };
  const messagesMax = checkedWithin(request.maxMessages, bounds, "max_messages");
  const waitMs = request.wait === undefined ? 0 : checkedDurationMs(request.wait, waitRange, 1, "wait");
  const leftMs = deadlineMs === undefined ? waitMs : Math.max(0, deadlineMs - Date.now() - waitMarginMs);
  return {
    messagesMax,
    bytesMax: answerBytesMax - messagesMax * deliveryOverheadBytesMax,
    leaseMs: checkedLeaseMs(bound, request.lease, "lease"),
    waitMs: Math.min(waitMs, leftMs),
  };
}

export function checkedLeaseMs(bound: BoundQueue, lease: Duration | undefined, field: string): number {
  return checkedHoldMs(lease, defaultLeaseMs(bound), field);
}

/** How a consumer wants to be served. */
export interface CheckedStart {
  readonly bounds: OutstandingBounds;
  readonly leaseMs: number;
}

export function checkedStart(bound: BoundQueue, { action }: wire.ConsumeRequest): CheckedStart {
  if (action?.$case !== "start") throw invalidField("start", "is required in the first request of the stream");
  const { maxOutstandingMessages, maxOutstandingBytes, lease } = action.value;
  const messages = { min: 1, max: outstandingMessagesMax, fallback: consumeMessagesDefault };
  const bytes = { min: outstandingBytesMin, max: outstandingBytesMax, fallback: outstandingBytesDefault };
  return {
    bounds: {
      messages: checkedWithin(maxOutstandingMessages, messages, "start.max_outstanding_messages"),
      bytes: checkedWithin(Number(maxOutstandingBytes), bytes, "start.max_outstanding_bytes"),
    },
    leaseMs: checkedLeaseMs(bound, lease, "start.lease"),
  };
}

/** The ids of deliveries, as apps know them. `path` is the prefix of field names. */
export function checkDeliveryIds(deliveryIds: readonly string[], path: string): void {
  checkCount(deliveryIds.length, messagesPerRequestMax, `${path}delivery_ids`);
  for (const [index, id] of deliveryIds.entries()) {
    checkName(id, wireDeliveryIdCharsMax, `${path}delivery_ids[${index}]`);
  }
}

/** What a dead letter says of a message that was only rejected, and never with a cause. */
const noCause = "rejected without a cause";

export function checkedRejection(bound: BoundQueue, request: wire.RejectRequest, path: string): Rejection {
  const delayMs = checkedRejectionDelayMs(request.delay, `${path}delay`);
  if (delayMs > 0) requireCapability(bound, "delay", `The field ${path}delay`);
  return { delayMs, cause: checkedCause(request.cause, `${path}cause`) || noCause };
}

export function checkedSelection({ messageIds, limit }: wire.RedriveRequest): RedriveSelection {
  const bounds = { min: 1, max: redriveLimitMax, fallback: redriveLimitDefault };
  const checkedLimit = checkedWithin(limit, bounds, "limit");
  if (messageIds.length === 0) return { kind: "oldest", limit: checkedLimit };
  checkCount(messageIds.length, messagesPerRequestMax, "message_ids");
  for (const [index, id] of messageIds.entries()) checkName(id, messageIdBytesMax, `message_ids[${index}]`);
  return { kind: "ids", ids: [...new Set(messageIds)] };
}
