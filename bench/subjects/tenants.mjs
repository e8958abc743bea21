// The namespaces of a Prism with more than one.
import { namespace, offender } from "../requests.mjs";

const keyValue = { pattern: "key-value", backend: "bench" };

/** One that keeps to its rate, and one that does not; `undefined`: it has no limit. */
export function tenants({ callsPerSecond }) {
  const limits = callsPerSecond === undefined ? {} : { limits: { calls_per_second: callsPerSecond } };
  return { [namespace]: keyValue, [offender.namespace]: { ...keyValue, ...limits } };
}

/** The one that is called, among so many. */
export function manyNamespaces(count) {
  const others = Array.from({ length: count - 1 }, (_, index) => [`idle-${index}`, keyValue]);
  return Object.fromEntries([...others, [namespace, keyValue]]);
}
