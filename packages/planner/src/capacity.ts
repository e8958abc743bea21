import type { Needs } from "./needs.js";
import type { OfferedPattern } from "./offer.js";

/** What one partition takes, in writes a second: half of what a broker on a small disk was seen to take, so that it may grow. */
const writesPerPartition = 500;

/** How many times what was estimated may come before calls are refused: estimates are of the busiest time, and peaks are higher. */
const limitHeadroom = 2;

/** No plugin has more. */
const partitionsMax = 1_000;

const hourMs = 3_600_000;

/** One figure of a plan, with how it came to be. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly formula: string;
}

/** How a namespace is made, and the figures behind it. */
export interface Capacity {
  /** The namespace's `options`, in the plugin's terms. */
  readonly options: Readonly<Record<string, string | number>>;
  /** How many calls may begin in a second; `undefined`: no rate was estimated. */
  readonly callsPerSecond: number | undefined;
  readonly figures: readonly Figure[];
  readonly warnings: readonly string[];
}

/** What the needs come to on a backend that offers this. */
export function capacityOf(needs: Needs, offered: OfferedPattern): Capacity {
  const options: Record<string, string | number> = {};
  const figures: Figure[] = [];
  const warnings: string[] = [];
  if (needs.pattern === "stream") planPartitions(needs, offered, { options, figures, warnings });
  if (needs.retentionMs !== undefined) planRetention(needs, needs.retentionMs, { options, figures, warnings });
  const callsPerSecond = planLimit(needs, figures);
  return { options, callsPerSecond, figures, warnings };
}

interface Draft {
  readonly options: Record<string, string | number>;
  readonly figures: Figure[];
  readonly warnings: string[];
}

function planPartitions({ writesPerSecond }: Needs, { capabilities }: OfferedPattern, draft: Draft): void {
  if (writesPerSecond === undefined) return;
  const wanted = Math.max(1, Math.ceil(writesPerSecond / writesPerPartition));
  if (wanted > 1 && !capabilities.includes("partitions")) {
    draft.warnings.push(`the backend has one partition per log; ${count(wanted)} would be right for this rate`);
    return;
  }
  const partitions = Math.min(wanted, partitionsMax);
  if (wanted > partitions)
    draft.warnings.push(`${count(wanted)} partitions would be right; ${count(partitions)} are the most`);
  draft.options.partitions = partitions;
  draft.figures.push({
    name: "partitions",
    value: count(partitions),
    formula: `${count(writesPerSecond)} writes/s ÷ ${count(writesPerPartition)} writes/s per partition, rounded up`,
  });
}

function planRetention({ pattern, writesPerSecond, itemBytes }: Needs, retentionMs: number, draft: Draft): void {
  if (pattern !== "stream" && pattern !== "queue" && pattern !== "pub-sub") {
    draft.warnings.push(`${pattern} keeps data until it is deleted or its TTL ends: set a TTL with each write`);
    return;
  }
  draft.options[pattern === "pub-sub" ? "retention" : "retention_period"] = `${retentionMs / hourMs}h`;
  draft.figures.push({
    name: "retention",
    value: `${count(retentionMs)} ms`,
    formula: `${count(retentionMs / hourMs)} hours; older data is deleted`,
  });
  if (writesPerSecond === undefined) return;
  const bytes = writesPerSecond * (retentionMs / 1_000) * itemBytes;
  draft.figures.push({
    name: "disk",
    value: size(bytes),
    formula: `${count(writesPerSecond)} writes/s × ${count(retentionMs / 1_000)} s × ${count(itemBytes)} bytes, per replica`,
  });
}

function planLimit({ readsPerSecond, writesPerSecond }: Needs, figures: Figure[]): number | undefined {
  if (readsPerSecond === undefined && writesPerSecond === undefined) return undefined;
  const estimated = (readsPerSecond ?? 0) + (writesPerSecond ?? 0);
  const limit = Math.max(1, estimated * limitHeadroom);
  figures.push({
    name: "limit",
    value: `${count(limit)} calls/s`,
    formula: `${count(estimated)} calls/s × ${limitHeadroom}; more are refused`,
  });
  return limit;
}

const count = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return `${(bytes / 1_024 ** power).toLocaleString("en", { maximumFractionDigits: 1 })} ${units[power]}`;
}
