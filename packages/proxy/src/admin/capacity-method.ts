import { adminv1, durationFromMs, GatewayError, msFromDuration } from "@prism-data/pattern-sdk/protocol";
import { type Advice, adviseBackend, adviseNamespace, type SeenBackend } from "@prism-data/planner/capacity";
import { type CapacitySources, watchCapacity } from "../capacity/capacity-watch.js";
import type { WatchedNamespace } from "../capacity/watched-capacity.js";
import { suggest } from "../config/suggestion.js";
import { type AdminMethod, unary } from "./admin-method.js";
import { invalidField } from "./invalid-field.js";

/** How long may be watched, in ms: shorter counts too little, longer keeps the caller waiting. */
const windowMs = { default: 5_000, min: 100, max: 60_000 } as const;

/** DescribeCapacity, by path. */
export function capacityMethod(sources: CapacitySources): [string, AdminMethod] {
  return unary(
    "DescribeCapacity",
    adminv1.DescribeCapacityRequest,
    adminv1.DescribeCapacityResponse,
    async ({ namespaces: names, window, group }) => {
      checkNames(names, sources);
      const watched = await watchCapacity(sources, { names, group, windowMs: checkedWindow(window) });
      const { namespaces, backends } = watched;
      return {
        window: durationFromMs(watched.windowMs),
        namespaces: namespaces.map(namespaceMessage),
        backends: backends.map(backendMessage),
        advice: [...namespaces.flatMap(adviseNamespace), ...backends.flatMap(adviseBackend)].map(adviceMessage),
      };
    },
  );
}

function checkNames(names: readonly string[], sources: CapacitySources): void {
  const known = sources.namespaces().map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const text = `There is no namespace ${JSON.stringify(unknown)}; ${suggest(unknown, known)}`;
  throw new GatewayError("NAMESPACE_NOT_FOUND", text, { metadata: { namespace: unknown } });
}

function checkedWindow(window: adminv1.DescribeCapacityRequest["window"]): number {
  const askedMs = window === undefined ? windowMs.default : msFromDuration(window);
  if (askedMs >= windowMs.min && askedMs <= windowMs.max) return askedMs;
  throw invalidField("window", `is ${askedMs} ms; give ${windowMs.min} to ${windowMs.max} ms`);
}

function namespaceMessage(seen: WatchedNamespace): adminv1.NamespaceCapacity {
  const { namespace, pattern, backend, writeBytes, p99Ms } = seen;
  return {
    ...{ namespace, pattern, backend, writeBytes },
    readsPerSecond: seen.reads,
    writesPerSecond: seen.writes,
    refusedPerSecond: seen.refused,
    callsPerSecondMax: seen.callsMax ?? 0,
    p99: p99Ms === undefined ? undefined : durationFromMs(p99Ms),
    log: logMessage(seen),
  };
}

function logMessage({ log, growthBytesPerDay }: WatchedNamespace): adminv1.LogCapacity | undefined {
  if (log === undefined) return undefined;
  return {
    partitions: log.records.length,
    recordsPerSecond: log.records.reduce((sum, records) => sum + records, 0),
    busiestPartitionPerSecond: Math.max(...log.records),
    growthBytesPerDay,
    lag: BigInt(log.lag?.records ?? 0),
    lagPerSecond: log.lag?.growth ?? 0,
  };
}

function backendMessage({ backend, plugin, calls, cores }: SeenBackend): adminv1.BackendCapacity {
  return { backend, plugin, callsPerSecond: calls, cores };
}

function adviceMessage({ namespace = "", setting = "", ...advice }: Advice): adminv1.CapacityAdvice {
  return { ...advice, namespace, setting };
}
