import { messagev1 } from "@prism-data/pattern-sdk/protocol";
import { base64 } from "./proto-json.js";

/** A message in the names and forms of proto3 JSON; what is empty is left out. */
export function messageJson({ id, key, headers, contentType, payload }: messagev1.Message): Record<string, unknown> {
  return {
    id,
    ...(key !== "" && { key }),
    ...(headers.length > 0 && { headers: headers.map(({ name, value }) => ({ name, value: base64(value) })) }),
    ...(contentType !== "" && { contentType }),
    payload: base64(payload),
  };
}

/** Such as ORDERING_PROMISE_TOTAL. */
export function orderingJson(ordering: number): string {
  return `ORDERING_PROMISE_${nameIn(messagev1.OrderingPromise, ordering)}`;
}

/** Such as DELIVERY_PROMISE_AT_LEAST_ONCE. */
export function deliveryJson(delivery: number): string {
  return `DELIVERY_PROMISE_${nameIn(messagev1.DeliveryPromise, delivery)}`;
}

/** The number of what this version does not know. */
function nameIn(values: Readonly<Record<string, number>>, wanted: number): string {
  return Object.entries(values).find(([, number]) => number === wanted)?.[0] ?? String(wanted);
}
