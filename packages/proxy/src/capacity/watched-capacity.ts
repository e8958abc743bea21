import type { stream } from "@prism-data/pattern-sdk/protocol";
import type { SeenBackend, SeenLog, SeenNamespace } from "@prism-data/planner/capacity";
import type { BackendConfig, NamespaceConfig } from "../config/config.js";
import { type CallCounts, countsBetween, noCounts, quantileMs } from "./call-counts.js";
import type { CapacitySources } from "./capacity-watch.js";

/** A day, in seconds. */
const daySeconds = 86_400;

/** What is known at one moment. */
export interface Moment {
  readonly atMs: number;
  readonly counts: ReadonlyMap<string, CallCounts>;
  readonly logs: ReadonlyMap<string, stream.DescribeResponse>;
  readonly cpuSeconds: ReadonlyMap<string, number>;
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

/** What happened to these namespaces, and to the backends that they are on, between two moments. Pure but for what `sources` says. */
export function capacityBetween(
  [before, after]: readonly [Moment, Moment],
  watched: readonly NamespaceConfig[],
  sources: CapacitySources,
): WatchedCapacity {
  const windowMs = after.atMs - before.atMs;
  const seconds = windowMs / 1_000;
  const namespaces = watched.map((namespace) =>
    seenNamespace(namespace, {
      seconds,
      counts: countsIn([before, after], namespace),
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

function countsIn([before, after]: readonly [Moment, Moment], { name }: NamespaceConfig): CallCounts {
  return countsBetween(before.counts.get(name) ?? noCounts, after.counts.get(name) ?? noCounts);
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
  const counts = own.map((namespace) => countsIn([before, after], namespace));
  const calls = sum(counts.map(({ reads, writes }) => reads + writes));
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
