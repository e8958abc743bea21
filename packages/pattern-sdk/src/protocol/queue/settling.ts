import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../../patterns/batch-result.js";
import { leaseLostError } from "../../patterns/queue/queue-errors.js";
import type * as wire from "../gen/prism/queue/v1/queue.js";
import { checkResults } from "../pattern/check-results.js";
import { checkDeliveryIds, checkedLeaseMs, checkedRejection } from "./checked-requests.js";
import { type NamedDelivery, parseDeliveryId } from "./delivery-id.js";
import type { BoundQueue } from "./queue-method.js";

/**
 * Acknowledges, rejects or extends what a request names; one result for each of its ids, in their order. `path` is the prefix of
 * field names: `""` or such as `"reject."`. Each throws `INVALID_FIELD` and what the plugin throws.
 */
type Settle<Request, T> = (
  bound: BoundQueue,
  request: Request,
  path: string,
  context: CallContext,
) => Promise<readonly BatchResult<T>[]>;

export const settleAcknowledge: Settle<wire.AcknowledgeRequest, void> = async (bound, request, path, context) => {
  checkDeliveryIds(request.deliveryIds, path);
  return settled(request.deliveryIds, async (deliveries) => {
    const results = await bound.pattern.acknowledge(idsOf(deliveries), context);
    checkResults(results, deliveries.length, "acknowledge");
    return results;
  });
};

export const settleReject: Settle<wire.RejectRequest, void> = async (bound, request, path, context) => {
  checkDeliveryIds(request.deliveryIds, path);
  const rejection = checkedRejection(bound, request, path);
  return settled(request.deliveryIds, async (deliveries) => {
    const results = await bound.pattern.reject(idsOf(deliveries), rejection, context);
    checkResults(results, deliveries.length, "reject");
    return results;
  });
};

export const settleExtend: Settle<wire.ExtendRequest, number> = async (bound, request, path, context) => {
  checkDeliveryIds(request.deliveryIds, path);
  const leaseMs = request.lease && checkedLeaseMs(bound, request.lease, `${path}lease`);
  return settled(request.deliveryIds, async (deliveries) => {
    const results = new Map<NamedDelivery, BatchResult<number>>();
    for (const [extendedMs, some] of Map.groupBy(deliveries, (delivery) => leaseMs ?? delivery.leaseMs)) {
      const extended = await bound.pattern.extend(idsOf(some), extendedMs, context);
      checkResults(extended, some.length, "extend");
      for (const [index, delivery] of some.entries()) results.set(delivery, extended[index]!);
    }
    return deliveries.map((delivery) => results.get(delivery)!);
  });
};

function idsOf(deliveries: readonly NamedDelivery[]): readonly string[] {
  return deliveries.map(({ id }) => id);
}

/** Asks the plugin once for each delivery. What never was an id, and an id that stands before in the same request, has lost its lease. */
async function settled<T>(
  wireIds: readonly string[],
  settle: (deliveries: readonly NamedDelivery[]) => Awaitable<readonly BatchResult<T>[]>,
): Promise<readonly BatchResult<T>[]> {
  const deliveries = new Map<string, NamedDelivery>();
  for (const wireId of wireIds) {
    const delivery = deliveries.has(wireId) ? undefined : parseDeliveryId(wireId);
    if (delivery !== undefined) deliveries.set(wireId, delivery);
  }
  const results = deliveries.size === 0 ? [] : await settle([...deliveries.values()]);
  const resultOf = new Map([...deliveries.keys()].map((wireId, index) => [wireId, results[index]!]));
  return wireIds.map((wireId) => {
    const result = resultOf.get(wireId);
    resultOf.delete(wireId);
    return result ?? { ok: false, error: leaseLostError() };
  });
}
