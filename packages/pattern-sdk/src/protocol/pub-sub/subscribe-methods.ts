import type { StreamingServerCall } from "@prism-data/transport";
import type { SubscribeRequest, Subscription } from "../../patterns/pub-sub/pub-sub.js";
import type { PubSubTypes } from "../../patterns/pub-sub/pub-sub-kind.js";
import * as wire from "../gen/prism/pubsub/v1/pubsub.js";
import { decodeMessage } from "../message.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { firstMessage, rejectedOnAbort, streamMethod, unlessAborted } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import type { BoundPubSub } from "./bound-pub-sub.js";
import { checkedStart, checkedStep } from "./checked-subscription.js";
import { LossyOutlet } from "./lossy-outlet.js";
import { AcknowledgedOutlet, type SubscriberOutlet } from "./subscriber-outlet.js";
import { SubscriberSteps } from "./subscriber-steps.js";
import { startedAnswer } from "./wire-deliveries.js";

/** The method that delivers messages. */
export const subscribeMethods = { Subscribe: streamMethod(serveSubscribe) };

const requestName = "prism.pubsub.v1.SubscribeRequest";

/** One Subscribe call. */
interface Subscriber {
  readonly call: StreamingServerCall;
  readonly bound: BoundPubSub;
  readonly request: SubscribeRequest;
  /** Aborted when the call is over, or the subscription ends for another reason. */
  readonly signal: AbortSignal;
  readonly outlet: SubscriberOutlet;
  /** Ends the subscription. */
  readonly onFailed: (error: unknown) => void;
}

/** Serves one Subscribe call until the caller leaves, the binding ends, or something fails. */
async function serveSubscribe(call: StreamingServerCall, { resolve }: MethodEnvironment<PubSubTypes>): Promise<void> {
  const first = await firstMessage(call, wire.SubscribeRequest, requestName);
  const bound = resolve(first.namespace, call);
  const request = checkedStart(bound, first);
  const ending = new AbortController();
  const signal = AbortSignal.any([call.signal, bound.closed, ending.signal]);
  const onFailed = (error: unknown) => ending.abort(error);
  const options = { call, request, signal, onFailed };
  const outlet = request.delivery === "at-least-once" ? new AcknowledgedOutlet(options) : new LossyOutlet(options);
  const subscriber = { call, bound, request, signal, outlet, onFailed };
  try {
    await follow(subscriber, await subscribe(subscriber));
  } finally {
    ending.abort();
  }
}

/** Subscribes. A subscription that comes to be when the subscriber is gone already is closed. */
async function subscribe({ call, bound, request, signal, outlet }: Subscriber): Promise<Subscription> {
  const context = new ServerCallContext(bound.namespace, call, signal);
  const subscribing = (async () => bound.pattern.subscribe(request, outlet, context))();
  try {
    return await unlessAborted(subscribing, signal);
  } catch (error) {
    // Nobody is there any more to whom a failure to end it could be told.
    subscribing.then((late) => late.close()).catch(() => {});
    throw error;
  }
}

/**
 * Passes on what the subscriber says, until it has ended; then closes the subscription. One at least once ends in good order when it has
 * nothing more to say: it could not acknowledge any more.
 */
async function follow(subscriber: Subscriber, subscription: Subscription): Promise<void> {
  const { request, signal, outlet, onFailed } = subscriber;
  const steps = new SubscriberSteps(subscription, onFailed);
  try {
    outlet.start(startedAnswer(request.delivery, subscription));
    await Promise.race([readSteps(subscriber, steps), rejectedOnAbort(signal)]);
    if (request.delivery === "at-most-once") await rejectedOnAbort(signal);
  } catch (error) {
    onFailed(error);
    throw error;
  } finally {
    await steps.done();
    await subscription.close();
  }
}

/** Ends when the subscriber has nothing more to say. */
async function readSteps({ call, bound, request, signal, outlet }: Subscriber, steps: SubscriberSteps): Promise<void> {
  for await (const message of call.messages()) {
    if (signal.aborted) return;
    const step = outlet.counted(
      checkedStep(bound, request, decodeMessage(wire.SubscribeRequest, message, requestName)),
    );
    if (step !== undefined) await steps.add(step);
  }
}
