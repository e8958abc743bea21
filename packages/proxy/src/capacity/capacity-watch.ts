import { setTimeout as pause } from "node:timers/promises";
import type { pluginv1, stream } from "@prism-data/pattern-sdk/protocol";
import type { SeenBackend } from "@prism-data/planner/capacity";
import type { BackendConfig, NamespaceConfig } from "../config/config.js";
import type { CallMetrics } from "../telemetry/call-metrics.js";
import { countsByNamespace } from "./call-counts.js";
import { capacityBetween, type Moment, type WatchedCapacity } from "./watched-capacity.js";

/** The counter that every plugin has of its process. */
const cpuSecondsName = "prism_plugin_cpu_seconds_total";

/** Streams that are described at once: each is a call that its plugin may have to pass on. */
const describedAtOnce = 16;

/** Where a watch looks. */
export interface CapacitySources {
  namespaces(): readonly NamespaceConfig[];
  backends(): readonly BackendConfig[];
  /** The short name of a backend's plugin, what its stream pattern can, and how many processes it has and may have. */
  pluginOf(backend: string): {
    readonly name: string;
    readonly streamCapabilities: readonly string[];
    readonly replicas: SeenBackend["replicas"];
  };
  calls(): Iterable<CallMetrics>;
  metrics(): Promise<ReadonlyMap<string, readonly pluginv1.MetricFamily[]>>;
  /** What a stream holds. Throws `GatewayError`. */
  describeStream(namespace: NamespaceConfig, group: string): Promise<stream.DescribeResponse>;
  /** In ms. */
  now(): number;
}

export interface WatchOptions {
  /** Empty: all. */
  readonly names: readonly string[];
  readonly windowMs: number;
  /** Empty: none. */
  readonly group: string;
  /** Which of the streams are looked into. Default: all. */
  isDescribed?(stream: NamespaceConfig): boolean;
  readonly signal?: AbortSignal;
}

/** Looks twice, and says what happened between. */
export async function watchCapacity(sources: CapacitySources, options: WatchOptions): Promise<WatchedCapacity> {
  const before = await momentOf(sources, options);
  await pause(options.windowMs, undefined, { signal: options.signal });
  const after = await momentOf(sources, options);
  return capacityBetween([before, after], chosen(sources, options.names), sources);
}

async function momentOf(sources: CapacitySources, options: WatchOptions): Promise<Moment> {
  const { names, group, isDescribed = () => true } = options;
  const watched = chosen(sources, names).filter((one) => one.pattern === "stream" && isDescribed(one));
  const [logs, metrics] = await Promise.all([logsOf(watched, group, sources), sources.metrics()]);
  const cpuSeconds = [...metrics].flatMap(([backend, families]) => {
    const ofReplicas = families.filter(({ name }) => name === cpuSecondsName);
    const value =
      ofReplicas.length === 0 ? undefined : ofReplicas.reduce((sum, { samples }) => sum + (samples[0]?.value ?? 0), 0);
    return value === undefined ? [] : [[backend, value] as const];
  });
  const counts = countsByNamespace(sources.calls());
  return { atMs: sources.now(), counts, logs, cpuSeconds: new Map(cpuSeconds) };
}

function chosen(sources: CapacitySources, names: readonly string[]): readonly NamespaceConfig[] {
  const all = sources.namespaces();
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/** What the streams hold; those are missing whose backend does not answer. */
async function logsOf(
  streams: readonly NamespaceConfig[],
  group: string,
  sources: CapacitySources,
): Promise<ReadonlyMap<string, stream.DescribeResponse>> {
  const found = new Map<string, stream.DescribeResponse>();
  const left = streams.values();
  const describeRest = async () => {
    for (const one of left) {
      const described = await sources.describeStream(one, group).catch(() => undefined);
      if (described !== undefined) found.set(one.name, described);
    }
  };
  await Promise.all(Array.from({ length: describedAtOnce }, describeRest));
  return found;
}
