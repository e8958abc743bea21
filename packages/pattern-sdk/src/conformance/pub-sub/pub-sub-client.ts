import type { CallOptions } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import { pubSubKind } from "../../patterns/pub-sub/pub-sub-kind.js";
import { DeliveryPromise } from "../../protocol/gen/prism/message/v1/message.js";
import * as wire from "../../protocol/gen/prism/pubsub/v1/pubsub.js";
import { durationFromMs } from "../../protocol/wire-time.js";
import { type MessageParts, messageOf, outcomeOf } from "../messaging/messages.js";
import { type Connection, PatternClient } from "../pattern-client.js";
import { PubSubSubscription } from "./pub-sub-subscription.js";
import { PublishStream } from "./publish-stream.js";

/** How long a subscription may last: longer than a case. */
const subscriptionTimeoutMs = 60_000;

/** What is asked of a subscription. */
export interface SubscribeOptions {
  readonly group?: string;
  /** Default: at most once. */
  readonly atLeastOnce?: boolean;
  readonly maxMessages?: number;
  readonly maxBytes?: number;
  readonly acknowledgeTimeoutMs?: number;
  /** Whether what arrives is read from the beginning. Default: it is. */
  readonly isReading?: boolean;
  readonly timeoutMs?: number;
}

/** The pub-sub service of one namespace. */
export class PubSubClient extends PatternClient {
  constructor(connection: Connection, namespace: string) {
    super(pubSubKind, connection, namespace);
  }

  /** Publishes and returns the ids, in order. Throws the first failure. */
  async publish(topic: string, ...messages: readonly MessageParts[]): Promise<string[]> {
    return (await this.outcomes(topic, ...messages)).map((outcome) => {
      if (typeof outcome === "string") return outcome;
      throw outcome;
    });
  }

  /** Publishes and returns the id or the failure of each. */
  async outcomes(topic: string, ...messages: readonly MessageParts[]): Promise<(string | GatewayError)[]> {
    const request = { namespace: this.namespace, topic, messages: messages.map(messageOf) };
    const { outcomes } = await this.call("Publish", wire.PublishRequest, wire.PublishResponse, request);
    return outcomes.map(outcomeOf);
  }

  /** Begins a stream of requests to publish. */
  publishStream(options: CallOptions = {}): PublishStream {
    return new PublishStream(this.stream("PublishStream", options));
  }

  /** Subscribes; resolves when the plugin has said that the subscription is in place. */
  subscribe(topic: string, options: SubscribeOptions = {}): Promise<PubSubSubscription> {
    return this.open({ ...startOf(options), topic }, options);
  }

  /** Subscribes at least once. */
  hold(topic: string, options: SubscribeOptions = {}): Promise<PubSubSubscription> {
    return this.subscribe(topic, { ...options, atLeastOnce: true });
  }

  /** Subscribes with a start that may be wrong. */
  open(
    start: wire.Start,
    { isReading = true, timeoutMs = subscriptionTimeoutMs }: Pick<SubscribeOptions, "isReading" | "timeoutMs"> = {},
  ): Promise<PubSubSubscription> {
    const request = { namespace: this.namespace, action: { $case: "start" as const, value: start } };
    return PubSubSubscription.open(this.stream("Subscribe", { timeoutMs }), request, isReading);
  }
}

/** The start of a subscription, without its topic. */
export function startOf(options: SubscribeOptions = {}): wire.Start {
  const { group = "", atLeastOnce, maxMessages = 0, maxBytes = 0, acknowledgeTimeoutMs } = options;
  return {
    topic: "",
    group,
    delivery: atLeastOnce ? DeliveryPromise.AT_LEAST_ONCE : DeliveryPromise.UNSPECIFIED,
    maxOutstandingMessages: maxMessages,
    maxOutstandingBytes: BigInt(maxBytes),
    acknowledgeTimeout: acknowledgeTimeoutMs === undefined ? undefined : durationFromMs(acknowledgeTimeoutMs),
  };
}
