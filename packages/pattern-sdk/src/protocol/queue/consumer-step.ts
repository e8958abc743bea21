import type { CallContext } from "../../call-context.js";
import { GatewayError } from "../../errors.js";
import type { BatchResult } from "../../patterns/batch-result.js";
import type { ConsumeRequest, ConsumeResponse } from "../gen/prism/queue/v1/queue.js";
import { checkedHoldMs } from "../messaging/checked-deliveries.js";
import { invalidField } from "../pattern/checked-fields.js";
import type { HeldDeliveries } from "./held-deliveries.js";
import type { BoundQueue } from "./queue-method.js";
import { settleAcknowledge, settleExtend, settleReject } from "./settling.js";
import { type StatusOfEntry, wireExtensions, wireStatuses } from "./wire-answers.js";

/** What a consumer's steps are taken on. */
export interface StepGround {
  readonly bound: BoundQueue;
  readonly held: HeldDeliveries;
  /** The lease that the consumer has asked for. */
  readonly leaseMs: number;
  readonly context: CallContext;
  readonly statusOfEntry: StatusOfEntry;
}

/** Does what a request after the first asks for, and returns the answer. */
export async function takeStep(
  { namespace, action }: ConsumeRequest,
  ground: StepGround,
): Promise<ConsumeResponse["event"]> {
  const { bound, held, leaseMs, context, statusOfEntry } = ground;
  checkSameNamespace(namespace, bound, "namespace");
  if (action === undefined) throw invalidField("action", "is required: give acknowledge, reject or extend");
  if (action.$case === "start") throw invalidField("start", "stands in the first request of the stream only");
  checkSameNamespace(action.value.namespace, bound, `${action.$case}.namespace`);
  const path = `${action.$case}.`;
  const { deliveryIds } = action.value;
  switch (action.$case) {
    case "acknowledge": {
      const results = await settleAcknowledge(bound, action.value, path, context);
      forgetSettled(held, deliveryIds, results);
      return { $case: "acknowledged", value: wireStatuses(results, statusOfEntry) };
    }
    case "reject": {
      const results = await settleReject(bound, action.value, path, context);
      forgetSettled(held, deliveryIds, results);
      return { $case: "rejected", value: wireStatuses(results, statusOfEntry) };
    }
    case "extend": {
      const results = await settleExtend(bound, action.value, path, context);
      const extendedMs = checkedHoldMs(action.value.lease, leaseMs, `${path}lease`);
      for (const [index, id] of deliveryIds.entries()) {
        if (results[index]?.ok) held.extend(id, extendedMs);
        else if (isLost(results[index])) held.remove(id);
      }
      return { $case: "extended", value: wireExtensions(results, statusOfEntry) };
    }
  }
}

function checkSameNamespace(namespace: string, bound: BoundQueue, field: string): void {
  if (namespace === "" || namespace === bound.namespace) return;
  throw invalidField(field, "is another than in the first request of the stream; leave it out");
}

/** Takes out of what the consumer holds what it has settled, and what is not its own any more. */
function forgetSettled(held: HeldDeliveries, ids: readonly string[], results: readonly BatchResult<void>[]): void {
  for (const [index, id] of ids.entries()) if (results[index]?.ok || isLost(results[index])) held.remove(id);
}

function isLost(result: BatchResult<unknown> | undefined): boolean {
  return result?.ok === false && result.error instanceof GatewayError && result.error.reason === "LEASE_LOST";
}
