import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../batch-result.js";
import type { DeliveryPromise, Message, OrderingPromise } from "../messaging/message.js";
import type { Outlet } from "../messaging/outlet.js";

/** Asks to subscribe. */
export interface SubscribeRequest {
  /**
   * A topic, or with capability `wildcards` a pattern: `*` is one token, a last `>` one or more. Tokens are separated by dots. 1
   * to 255 bytes.
   */
  readonly topic: string;
  /** Shares with everybody of the same group and topic. `undefined`: gets everything. Capability `groups`. */
  readonly group?: string | undefined;
  /** `at-least-once` only with capability `acknowledgement`. */
  readonly delivery: DeliveryPromise;
  /**
   * At least once: the most messages that are delivered and not acknowledged. The outlet's room heeds it; for data systems that
   * want to know.
   */
  readonly outstandingMessagesMax: number;
  /** The same in bytes. */
  readonly outstandingBytesMax: number;
  /** At least once: how long a message may stay unacknowledged, in ms: whole seconds from 1 s to 12 h. */
  readonly acknowledgeTimeoutMs: number;
}

/** One message for a subscriber. */
export interface PubSubDelivery {
  /** At least once: what to acknowledge, 1 to 256 characters of ASCII, unique in the subscription. At most once: `""`. */
  readonly deliveryId: string;
  /** The topic that it was published to. */
  readonly topic: string;
  readonly message: Message;
  /** When it was accepted, in ms since the Unix epoch. */
  readonly publishedAtMs: number;
  /** How often it has been delivered to the group, this time included. */
  readonly deliveryCount: number;
}

/**
 * Where a plugin puts what it delivers. At least once: `send` no more than `room` says. At most once: `send` at any time; what
 * the app is too slow for is dropped by the SDK, counted, and told to the app.
 */
export interface DeliveryOutlet extends Outlet<PubSubDelivery> {
  /** Ends the subscription with an error that the plugin cannot mend by itself. A lost connection it mends itself. */
  failed(error: unknown): void;
}

/** How a message is given back. */
export interface PubSubRejection {
  /** How long it waits before it is delivered again, in ms: 0 to 12 h. Above 0 only with capability `delay`. */
  readonly delayMs: number;
  /** Up to 1,024 bytes of UTF-8; `""`: not said. */
  readonly cause: string;
}

/** A subscription that is in place: everything published from now on reaches it. */
export interface Subscription {
  /** In which order messages come. */
  readonly ordering: OrderingPromise;
  /** At least once. Ids that are not outstanding are ignored. */
  acknowledge?(deliveryIds: readonly string[]): Awaitable<void>;
  /** At least once. */
  reject?(deliveryIds: readonly string[], rejection: PubSubRejection): Awaitable<void>;
  /** At least once: lets them be outstanding for so long from now, in ms. */
  extend?(deliveryIds: readonly string[], acknowledgeTimeoutMs: number): Awaitable<void>;
  /**
   * Ends it. Delivers nothing more; what is outstanding goes to others of the group at once, where the data system can, or when
   * its time runs out. Never rejects, never makes a dead letter.
   */
  close(): Awaitable<void>;
}

/** What the operator may set for one namespace: its `options`. The SDK's schema `pubSubOptions(capabilities)` parses it. */
export interface PubSubOptions {
  /** How long a group keeps what it has not acknowledged, in ms. Capability `durable`. Default 7 days. */
  readonly retentionMs: number;
  /**
   * After so many deliveries a message is given up and moved to `deadLetterTopic(group)` as `deadLetterOf` says: 1 to 1,000.
   * Capability `dead_letter`. `undefined`: never.
   */
  readonly maxDeliveries?: number | undefined;
}

/**
 * The pub-sub pattern on one namespace.
 *
 * The SDK has checked every request. Methods run concurrently. Each may throw `GatewayError`; anything else becomes `INTERNAL`.
 */
export interface PubSub {
  /** Publishes messages to one topic, in order; one result each: the message's id. */
  publish(topic: string, messages: readonly Message[], context: CallContext): Awaitable<readonly BatchResult<string>[]>;
  /** Subscribes; returns when the subscription is in place. `context.signal` ends with the app's call, and `close` is called then. */
  subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, context: CallContext): Awaitable<Subscription>;
}
