import { setTimeout as pause } from "node:timers/promises";
import type { pluginv1, stream } from "@prism-data/pattern-sdk/protocol";
import type { SeenBackend, SeenLog, SeenNamespace } from "@prism-data/planner/capacity";
import type { BackendConfig, NamespaceConfig } from "../config/config.js";
import type { CallMetrics } from "../telemetry/call-metrics.js";
import { type CallCounts, countsBetween, countsByNamespace, noCounts, quantileMs } from "./call-counts.js";

/** A day, in seconds. */
const daySeconds = 86_400;

/** The counter that every plugin has of its process. */
const cpuSecondsName = "prism_plugin_cpu_seconds_total";

/** Streams that are described at once: each is a call that its plugin may have to pass on. */
const describedAtOnce = 16;

/** Where a watch looks. */
export interface CapacitySources {
  namespaces(): readonly NamespaceConfig[];
  backends(): readonly BackendConfig[];
  /** The short name of a backend's plugin, and what its stream pattern can. */
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

/** A namespace as it was seen. */
export interface WatchedNamespace extends SeenNamespace {
  readonly pattern: string;
  /** Of a write, on a log of a record, on average; 0: there was none. */
  readonly writeBytes: number;
  readonly p99Ms: number | undefined;
  /** Bytes a day that its log grows by. */
  readonly growthBytesPerDay: number;
}

/** What was seen in a while. */
export interface WatchedCapacity {
  readonly windowMs: number;
  readonly namespaces: readonly WatchedNamespace[];
  readonly backends: readonly SeenBackend[];
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

/** What is known at one moment. */
interface Moment {
  readonly atMs: number;
  readonly counts: ReadonlyMap<string, CallCounts>;
  readonly logs: ReadonlyMap<string, stream.DescribeResponse>;
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

/** Looks twice, and says what happened between. */
export async function watchCapacity(sources: CapacitySources, options: WatchOptions): Promise<WatchedCapacity> {
  const before = await momentOf(sources, options);
  await pause(options.windowMs, undefined, { signal: options.signal });
  const after = await momentOf(sources, options);
  return between(before, after, sources, options);
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

function between(before: Moment, after: Moment, sources: CapacitySources, { names }: WatchOptions): WatchedCapacity {
  const windowMs = after.atMs - before.atMs;
  const seconds = windowMs / 1_000;
  const countsOf = (namespace: string) =>
    countsBetween(before.counts.get(namespace) ?? noCounts, after.counts.get(namespace) ?? noCounts);
  const namespaces = chosen(sources, names).map((namespace) =>
    seenNamespace(namespace, {
      seconds,
      counts: countsOf(namespace.name),
      logs: [before.logs.get(namespace.name), after.logs.get(namespace.name)],
      capabilities: sources.pluginOf(namespace.backend).streamCapabilities,
    }),
  );
  const used = new Set(namespaces.map(({ backend }) => backend));
  const backends = sources.backends().filter(({ name }) => used.has(name));
  return {
    windowMs,
    namespaces,
    backends: backends.map((one) => seenBackend(one, { before, after, seconds, sources })),
  };
}

function seenNamespace(
  { name, pattern, backend, quota, options }: NamespaceConfig,
  seen: {
    readonly seconds: number;
    readonly counts: CallCounts;
    readonly logs: readonly [stream.DescribeResponse | undefined, stream.DescribeResponse | undefined];
    readonly capabilities: readonly string[];
  },
): WatchedNamespace {
  const { seconds, counts, logs, capabilities } = seen;
  const isPartitioned = capabilities.includes("partitions");
  const log = seenLog(logs, seconds, { isPartitioned, isGrowable: options.growable === true });
  const written = log === undefined ? counts.writes : sum(log.records) * seconds;
  return {
    namespace: name,
    pattern,
    backend,
    reads: counts.reads / seconds,
    writes: counts.writes / seconds,
    refused: counts.refused / seconds,
    callsMax: quota?.callsPerSecond,
    writeBytes: written === 0 ? 0 : counts.writtenBytes / written,
    p99Ms: quantileMs(counts, 0.99),
    growthBytesPerDay: log === undefined || written === 0 ? 0 : (counts.writtenBytes / seconds) * daySeconds,
    log,
  };
}

function seenLog(
  [before, after]: readonly [stream.DescribeResponse | undefined, stream.DescribeResponse | undefined],
  seconds: number,
  declared: Pick<SeenLog, "isPartitioned" | "isGrowable">,
): SeenLog | undefined {
  if (before === undefined || after === undefined) return undefined;
  const nextBefore = new Map(before.partitions.map(({ partition, nextOffset }) => [partition, nextOffset]));
  // A partition that was added meanwhile begins at 0.
  const records = after.partitions.map(
    ({ partition, nextOffset }) => Math.max(0, Number(nextOffset - (nextBefore.get(partition) ?? 0n))) / seconds,
  );
  const [lagBefore, lagAfter] = [lagOf(before), lagOf(after)];
  const isLagKnown = lagBefore !== undefined && lagAfter !== undefined;
  const lag = isLagKnown ? { records: lagAfter, growth: (lagAfter - lagBefore) / seconds } : undefined;
  return { records, lag, ...declared };
}

/** Of all partitions; `undefined`: no group was asked for. */
function lagOf({ partitions }: stream.DescribeResponse): number | undefined {
  const lags = partitions.map(({ lag }) => lag).filter((lag) => lag !== undefined);
  return lags.length === 0 ? undefined : Number(lags.reduce((sum, lag) => sum + lag, 0n));
}

function seenBackend(
  { name, settings }: BackendConfig,
  seen: {
    readonly before: Moment;
    readonly after: Moment;
    readonly seconds: number;
    readonly sources: CapacitySources;
  },
): SeenBackend {
  const { before, after, seconds, sources } = seen;
  const own = sources.namespaces().filter(({ backend }) => backend === name);
  const calls = own.reduce((sum, { name: namespace }) => {
    const counts = countsBetween(before.counts.get(namespace) ?? noCounts, after.counts.get(namespace) ?? noCounts);
    return sum + counts.reads + counts.writes;
  }, 0);
  const [cpuBefore, cpuAfter] = [before.cpuSeconds.get(name), after.cpuSeconds.get(name)];
  // A process that was replaced meanwhile counts from 0.
  const isCpuKnown = cpuBefore !== undefined && cpuAfter !== undefined && cpuAfter >= cpuBefore;
  const plugin = sources.pluginOf(name);
  const { pool_size: poolSize } = settings.reveal();
  return {
    backend: name,
    plugin: plugin.name,
    replicas: plugin.replicas,
    calls: calls / seconds,
    cores: isCpuKnown ? (cpuAfter - cpuBefore) / seconds : undefined,
    connectionsMax: typeof poolSize === "number" ? poolSize : undefined,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
