import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../batch-result.js";
import type { Message } from "../messaging/message.js";

/** One message to send. */
export interface SendEntry {
  readonly message: Message;
  /** How long it waits before it can be received, in ms: 0 to 14 days. Above 0 only with capability `delay`. */
  readonly delayMs: number;
  /**
   * 1 to 128 bytes of UTF-8; only with capability `deduplication`. A message with the id of one that was accepted less than the
   * namespace's `deduplication_window` ago is not sent: answer with the first one's id and `duplicate`. The check and the send are
   * one atomic step, also for two entries of one call.
   */
  readonly deduplicationId?: string | undefined;
}

/** A message was accepted. */
export interface Sent {
  /** `message.id`, or that of the first message with the same deduplication id. */
  readonly id: string;
  readonly duplicate: boolean;
}

/** Asks for messages. */
export interface ReceiveRequest {
  /** 1 to 1,000. */
  readonly messagesMax: number;
  /** Bytes of messages; a first message that is larger is returned alone. */
  readonly bytesMax: number;
  /** How long they are the worker's, in ms: whole seconds from 1 s to 12 h. */
  readonly leaseMs: number;
  /** How long to wait for the first, in ms; 0: not at all. Waiting ends when `context.signal` is aborted. */
  readonly waitMs: number;
}

/** One message under a lease. */
export interface QueueDelivery {
  /**
   * 1 to 256 characters of ASCII. Names this delivery: after the lease has ended, it is worth nothing, also when the message is
   * leased again.
   */
  readonly deliveryId: string;
  readonly message: Message;
  /** When the message was accepted, in ms since the Unix epoch. */
  readonly sentAtMs: number;
  /** How often it has been delivered, this time included. */
  readonly deliveryCount: number;
  /** When the lease ends, in ms since the Unix epoch. */
  readonly leaseExpiresAtMs: number;
}

/** How a message is given back. */
export interface Rejection {
  /** How long it waits before it is delivered again, in ms: 0 to 12 h. Above 0 only with capability `delay`. */
  readonly delayMs: number;
  /** 1 to 1,024 bytes of UTF-8. Kept for the dead letter. The SDK says something where the app does not. */
  readonly cause: string;
}

/** What the queue holds. */
export interface QueueDescription {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
  /** When the oldest ready message was sent, in ms since the Unix epoch. */
  readonly oldestSentAtMs?: number | undefined;
}

/** A message that could not be handled. */
export interface DeadLetter {
  readonly message: Message;
  readonly sentAtMs: number;
  readonly diedAtMs: number;
  /** How often it had been delivered. */
  readonly deliveryCount: number;
  /** The cause of its last rejection; `leaseEndedCause(deliveryCount)` when it was never rejected. */
  readonly cause: string;
}

/** One page of dead letters, oldest first. */
export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetter[];
  /** Asks for the next page; at most 2,048 characters. `undefined`: this was the last. */
  readonly cursor?: string | undefined;
}

/** Which dead letters to send again: those of these messages, or the oldest. */
export type RedriveSelection =
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | { readonly kind: "oldest"; readonly limit: number };

/** What the operator may set for one queue: `options` of its namespace. The SDK's schema `queueOptions` parses it. */
export interface QueueOptions {
  /** After so many deliveries without an acknowledgement a message becomes a dead letter: 1 to 1,000, default 5. */
  readonly maxDeliveries: number;
  /** The lease of a receive that names none, in ms. Default 30 s. The SDK applies it. */
  readonly leaseMs: number;
  /** How long a deduplication id counts, in ms: 1 s to 7 days, default 5 min. */
  readonly deduplicationWindowMs: number;
  /** Messages and dead letters older than this are removed, in ms. `undefined`: they stay. */
  readonly retentionMs?: number | undefined;
}

/**
 * The queue pattern on one namespace, which is one queue with its dead letters. At least once: what `send` has accepted is
 * delivered until it is acknowledged, by one worker at a time.
 *
 * A lease that ends without an acknowledgement makes the message ready again; the next `receive` raises its count. A message whose
 * count has reached `maxDeliveries` is not delivered again but becomes a dead letter: when it is rejected, or when its lease has
 * ended (found at the latest when somebody receives, describes or lists). Without capability `dead_letter` it is delivered without end.
 *
 * The SDK has checked every request. Methods run concurrently. Each may throw `GatewayError`; anything else becomes `INTERNAL`.
 */
export interface Queue {
  /** Sends messages in order; one result each. Returns when they are as durable as the plugin declares. */
  send(entries: readonly SendEntry[], context: CallContext): Awaitable<readonly BatchResult<Sent>[]>;
  /** Leases messages that are ready, oldest first as far as the data system knows an order. Empty when the wait was in vain. */
  receive(request: ReceiveRequest, context: CallContext): Awaitable<readonly QueueDelivery[]>;
  /**
   * Removes messages for good; one result each, `leaseLostError()` for a delivery whose lease has ended. No id stands twice, here
   * and below.
   */
  acknowledge(deliveryIds: readonly string[], context: CallContext): Awaitable<readonly BatchResult<void>[]>;
  /** Makes messages ready again, or dead letters of them; one result each, as in `acknowledge`. */
  reject(
    deliveryIds: readonly string[],
    rejection: Rejection,
    context: CallContext,
  ): Awaitable<readonly BatchResult<void>[]>;
  /**
   * Ends leases at once whose worker has left: each message goes on as if its lease had ended. `counts` false: the delivery is first
   * taken out of the count, because it was Prism that ended it; so this never makes a dead letter. Deliveries whose lease has ended
   * are ignored.
   */
  release(deliveryIds: readonly string[], counts: boolean, context: CallContext): Awaitable<void>;
  /** Lets leases end `leaseMs` from now; one result each: when that is, in ms since the Unix epoch, or `LEASE_LOST`. */
  extend(
    deliveryIds: readonly string[],
    leaseMs: number,
    context: CallContext,
  ): Awaitable<readonly BatchResult<number>[]>;
  /** Counts what the queue holds, as of about now. */
  describe(context: CallContext): Awaitable<QueueDescription>;

  /** Capability `dead_letter`. At most `limit` (1 to 1,000) of them and `bytesMax` bytes, one at least. */
  listDeadLetters?(
    request: { readonly limit: number; readonly bytesMax: number; readonly cursor?: string | undefined },
    context: CallContext,
  ): Awaitable<DeadLetterPage>;
  /**
   * Capability `dead_letter`. Makes dead letters ready again, count at 0; returns how many. Each is in one of both places at any
   * time, also after a crash.
   */
  redrive?(selection: RedriveSelection, context: CallContext): Awaitable<number>;
}
