import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { partitionsFor, processesFor, type SeenBackend, writesPerPartition } from "@prism-data/planner/capacity";
import type { CapacityPolicy } from "../config/capacity.js";
import type { NamespaceConfig } from "../config/config.js";
import type { JsonMap } from "../config/settings.js";
import type { DeclaredNamespaces } from "../control/declared-namespaces.js";
import type { Backends } from "../upstream/backends.js";
import type { Knob } from "./capacity-control.js";
import type { WatchedCapacity, WatchedNamespace } from "./watched-capacity.js";

const partitionsKey = "options.partitions";

/** What may be changed at a running proxy: partitions of logs that may grow, and plugin processes. */
export function capacityKnobs(backends: Backends, declared: DeclaredNamespaces) {
  return (seen: WatchedCapacity, policy: CapacityPolicy): readonly Knob[] => [
    ...seen.namespaces.flatMap((one) => partitionsKnob(one, policy, { backends, declared }) ?? []),
    ...seen.backends.flatMap((one) => replicasKnob(one, policy, backends) ?? []),
  ];
}

/** `undefined`: there are always as many, or it is not known what they use. */
function replicasKnob(
  { backend, cores, calls, replicas: { now, min, max } }: SeenBackend,
  { processLoad }: CapacityPolicy,
  backends: Backends,
): Knob | undefined {
  if (min === max || cores === undefined) return undefined;
  return {
    ...{ on: { backend }, setting: "replicas", min, max, fixedBy: undefined },
    reading: processesFor(now, cores, processLoad),
    reason: `${cores.toFixed(2)} cores for ${Math.round(calls)} calls/s ÷ ${processLoad} cores per process, rounded up; fewer below half of that`,
    turn: (to) => backends.scale(backend, to),
  };
}

/** `undefined`: it is no log that may grow, or it is pinned. */
function partitionsKnob(
  { namespace: name, log }: WatchedNamespace,
  { partitionsMax }: CapacityPolicy,
  { backends, declared }: { readonly backends: Backends; readonly declared: DeclaredNamespaces },
): Knob | undefined {
  const config = backends.config.namespaces.get(name);
  if (config === undefined || log === undefined || !log.isGrowable || config.pin?.includes(partitionsKey))
    return undefined;
  const now = log.records.length;
  const perSecond = log.records.reduce((sum, records) => sum + records, 0);
  const isOfFile = declared.find(name)?.stored === undefined;
  return {
    on: { namespace: name, backend: config.backend },
    setting: partitionsKey,
    // None are taken away.
    reading: { now, atLeast: partitionsFor(perSecond), atMost: Number.POSITIVE_INFINITY },
    min: now,
    max: Math.max(now, partitionsMax),
    reason: `${Math.round(perSecond)} records/s ÷ ${writesPerPartition} records/s per partition, rounded up`,
    fixedBy: isOfFile ? "the file declares the namespace: change it there" : undefined,
    turn: (to) => addPartitions(config, to, { backends, declared }),
  };
}

async function addPartitions(
  config: NamespaceConfig,
  to: number,
  { backends, declared }: { readonly backends: Backends; readonly declared: DeclaredNamespaces },
): Promise<void> {
  const { name } = config;
  const etag = declared.find(name)?.stored?.etag ?? "";
  // What the backend refuses would leave the namespace without a binding.
  await backends.plan({ ...config, options: { ...config.options, partitions: to } });
  const change = (declaration: JsonMap) => ({
    ...declaration,
    options: { ...(declaration.options as JsonMap), partitions: to },
  });
  await declared.changes.update({ name, etag, field: "namespace" }, { change, allowDataLoss: false });
  const { state = "gone", detail = "" } = declared.find(name) ?? {};
  if (state === "bound") return;
  throw new GatewayError("NAMESPACE_UNAVAILABLE", `Namespace ${JSON.stringify(name)} is ${state}: ${detail}`);
}
