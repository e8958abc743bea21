import type { CallContext } from "../../call-context.js";
import type { QueueDelivery, ReceiveRequest } from "../../patterns/queue/queue.js";
import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { checkedReceive } from "./checked-requests.js";
import { type BoundQueue, queueMethod } from "./queue-method.js";
import { releaseLeases } from "./release-leases.js";
import { wireDelivery } from "./wire-answers.js";

/** The method that takes messages once. */
export const receiveMethods = {
  Receive: queueMethod("Receive", wire.ReceiveRequest, async (bound, request, context, environment) => {
    const asked = checkedReceive(bound, request, context.deadlineMs);
    const deliveries = await received(bound, asked, context);
    if (context.signal.aborted) {
      const ids = deliveries.map(({ deliveryId }) => deliveryId);
      await releaseLeases(bound, { ids, counts: false }, context, environment);
      throw context.signal.reason;
    }
    return encodeMessage(wire.ReceiveResponse, {
      deliveries: deliveries.map((delivery) => wireDelivery(delivery, asked.leaseMs)),
    });
  }),
};

/** Waits no longer than the binding lives: whoever waits then has waited in vain, and asks again. */
async function received(
  bound: BoundQueue,
  asked: ReceiveRequest,
  context: CallContext,
): Promise<readonly QueueDelivery[]> {
  if (asked.waitMs === 0) return bound.pattern.receive(asked, context);
  const { namespace, deadlineMs, principal, requestId } = context;
  const signal = AbortSignal.any([context.signal, bound.closed]);
  try {
    return await bound.pattern.receive(asked, { namespace, deadlineMs, signal, principal, requestId });
  } catch (error) {
    if (bound.closed.aborted) return [];
    throw error;
  }
}
