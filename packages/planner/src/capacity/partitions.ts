import type { Needs } from "../needs.js";
import type { OfferedPattern } from "../offer.js";
import { countText } from "../quantity.js";
import type { Draft } from "./figure.js";

/** What one partition takes, in writes a second: half of what a broker on a small disk was seen to take, so that it may grow. */
export const writesPerPartition = 500;

/** No plugin has more. */
export const partitionsMax = 1_000;

/** Partitions of a log; a total order has one. */
export function planPartitions(
  { writesPerSecond, ordering }: Needs,
  { capabilities }: OfferedPattern,
  { options, figures, warnings }: Draft,
): void {
  if (ordering === "total") {
    if (capabilities.includes("partitions")) options.partitions = 1;
    figures.push({ name: "partitions", value: "1", formula: "a total order has one partition" });
    return;
  }
  if (ordering === "none" && capabilities.includes("growth")) options.growable = true;
  if (writesPerSecond === undefined) return;
  const wanted = Math.max(1, Math.ceil(writesPerSecond / writesPerPartition));
  if (wanted > 1 && !capabilities.includes("partitions")) {
    warnings.push(`the backend has one partition per log; ${countText(wanted)} would be right for this rate`);
    return;
  }
  const partitions = Math.min(wanted, partitionsMax);
  if (wanted > partitions)
    warnings.push(`${countText(wanted)} partitions would be right; ${countText(partitions)} are the most`);
  options.partitions = partitions;
  const perPartition = `${countText(writesPerPartition)} writes/s per partition`;
  figures.push({
    name: "partitions",
    value: countText(partitions),
    formula: `${countText(writesPerSecond)} writes/s ÷ ${perPartition}, rounded up`,
  });
}
