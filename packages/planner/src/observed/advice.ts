import { poolOf } from "../capacity/connections.js";
import { limitHeadroom } from "../capacity/limit.js";
import { partitionsMax, writesPerPartition } from "../capacity/partitions.js";
import { countText } from "../quantity.js";
import { busyCoreDefault, processesFor } from "./processes.js";
import type { SeenBackend, SeenLog, SeenNamespace } from "./seen.js";

/** One thing to change, and why. */
export interface Advice {
  /** `undefined`: it concerns a whole backend. */
  readonly namespace: string | undefined;
  readonly backend: string;
  /** As prism.yaml names it below the namespace or the backend; `undefined`: nothing that is declared helps. */
  readonly setting: string | undefined;
  readonly current: string;
  readonly advised: string;
  /** What was seen, and the formula. */
  readonly reason: string;
  /** What the change would do beside helping. */
  readonly effect: string;
}

/** A partition is busier than the others when it gets this many times its share: then keys are to blame, not their number. */
const unevenFrom = 2;

/** Records that a group may be behind without a word: members commit in batches. */
const lagTolerated = 1_000;

/** What to change about a namespace. Pure. */
export function adviseNamespace(seen: SeenNamespace): readonly Advice[] {
  return [limitAdvice(seen), partitionAdvice(seen), lagAdvice(seen)].filter((advice) => advice !== undefined);
}

/** What to change about a backend. Pure. */
export function adviseBackend(seen: SeenBackend): readonly Advice[] {
  return [poolAdvice(seen), processAdvice(seen)].filter((advice) => advice !== undefined);
}

/** How many partitions a log needs for what was appended. */
export function partitionsFor(recordsPerSecond: number): number {
  return Math.min(partitionsMax, Math.max(1, Math.ceil(recordsPerSecond / writesPerPartition)));
}

function limitAdvice({ namespace, backend, reads, writes, refused, callsMax }: SeenNamespace): Advice | undefined {
  if (refused === 0 || callsMax === undefined) return undefined;
  const calls = reads + writes;
  if (calls <= callsMax) return undefined;
  return {
    ...{ namespace, backend, setting: "limits.calls_per_second" },
    ...{ current: String(callsMax), advised: String(Math.ceil(calls * limitHeadroom)) },
    reason: `${rate(calls, "calls")} came and ${rate(refused, "calls")} were refused; ${rate(calls, "calls")} × ${limitHeadroom}`,
    effect: "more calls reach the backend; leave it if the limit is there to hold them back",
  };
}

function partitionAdvice({ namespace, backend, log }: SeenNamespace): Advice | undefined {
  if (log === undefined) return undefined;
  const { records, isPartitioned, isGrowable } = log;
  const total = sum(records);
  const wanted = partitionsFor(total);
  if (wanted <= records.length) return unevenAdvice({ namespace, backend, log });
  const formula = `${rate(total, "records")} ÷ ${rate(writesPerPartition, "records")} per partition, rounded up`;
  const current = String(records.length);
  if (!isPartitioned) {
    const reason = `${formula}, is ${countText(wanted)}`;
    const effect = `${backend} has one partition per log: a backend with the capability partitions would take more`;
    return { namespace, backend, setting: undefined, current, advised: current, reason, effect };
  }
  const effect = isGrowable
    ? "open reads and members of groups end and begin again; keys go to other partitions, so that the order of a key does not hold across it"
    : "it may not grow as it is declared: keys would go to other partitions; where that is no loss, add options.growable: true if the backend has the capability growth, else begin another namespace";
  return {
    namespace,
    backend,
    setting: "options.partitions",
    current,
    advised: String(wanted),
    reason: formula,
    effect,
  };
}

/** One partition that takes much more than its share: more of them would not help. */
function unevenAdvice(seen: { namespace: string; backend: string; log: SeenLog }): Advice | undefined {
  const { records } = seen.log;
  const busiest = Math.max(...records);
  if (busiest <= writesPerPartition || busiest < (unevenFrom * sum(records)) / records.length) return undefined;
  const { namespace, backend } = seen;
  const current = String(records.length);
  const share = `partition ${records.indexOf(busiest)} gets ${rate(busiest, "records")} of ${rate(sum(records), "records")}`;
  const effect = "more partitions do not help: few keys have most of the records; choose keys that differ more";
  return { namespace, backend, setting: undefined, current, advised: current, reason: share, effect };
}

function lagAdvice({ namespace, backend, log }: SeenNamespace): Advice | undefined {
  if (log?.lag === undefined) return undefined;
  const { records, growth } = log.lag;
  if (records <= lagTolerated || growth <= 0) return undefined;
  const partitions = String(log.records.length);
  return {
    ...{ namespace, backend, setting: undefined, current: partitions, advised: partitions },
    reason: `the group is ${countText(records)} records behind, ${rate(growth, "records")} more all the time`,
    effect: `it needs more members, at most ${partitions}: one for each partition; more than that need more partitions`,
  };
}

function poolAdvice({ backend, plugin, calls, connectionsMax }: SeenBackend): Advice | undefined {
  const pool = poolOf[plugin];
  if (pool === undefined) return undefined;
  const there = connectionsMax ?? pool.connectionsDefault;
  const wanted = Math.min(pool.connectionsMax, Math.ceil(calls / pool.callsPerConnection));
  if (wanted <= there) return undefined;
  return {
    ...{ namespace: undefined, backend, setting: `settings.${pool.setting}` },
    ...{ current: String(there), advised: String(wanted) },
    reason: `${rate(calls, "calls")} ÷ ${rate(pool.callsPerConnection, "calls")} per connection, rounded up`,
    effect: "its plugin process is replaced, without a failed call; the server must allow so many connections",
  };
}

function processAdvice({ backend, cores, calls, replicas }: SeenBackend): Advice | undefined {
  if (cores === undefined) return undefined;
  const { now, max, isReplicable } = replicas;
  const { atLeast } = processesFor(now, cores, busyCoreDefault);
  if (atLeast <= now) return undefined;
  const reason = `its ${now === 1 ? "plugin process uses" : `${now} plugin processes use`} ${countText(cores)} cores for ${rate(calls, "calls")}; above ${busyCoreDefault} of one calls begin to wait for each other`;
  const advice = { namespace: undefined, backend, current: String(now), reason };
  if (!isReplicable) {
    const effect = "move some of its namespaces to another backend of the same plugin, which has a process of its own";
    return { ...advice, setting: undefined, advised: String(now), effect };
  }
  const bound = atLeast > max ? `; prism.yaml allows ${max} now` : "";
  const effect = `each process has its own connections, and takes its share of the calls${bound}`;
  return { ...advice, setting: "replicas", advised: String(atLeast), effect };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Such as `1,204 calls/s`. */
const rate = (perSecond: number, what: string) => `${countText(rounded(perSecond))} ${what}/s`;

/** To three digits: more would say more than was measured. */
const rounded = (value: number) => Number(value.toPrecision(3));
