import type { Needs } from "../needs.js";
import { countText, durationText } from "../quantity.js";
import type { Draft } from "./figure.js";

const hourMs = 3_600_000;

/** How long data is kept. */
export function planRetention({ pattern, retentionMs, ttlMs }: Needs, { options, figures, warnings }: Draft): void {
  if (ttlMs !== undefined)
    warnings.push(`a key lives for ${durationText(ttlMs)} when the write says so: set ttl with each Set`);
  if (retentionMs === undefined) return;
  if (pattern === "key-value" || pattern === "relational") {
    warnings.push(
      pattern === "key-value"
        ? "key-value keeps data until it is deleted or its TTL ends: set ttl with each Set, and say (prism.ttl)"
        : "relational keeps data until it is deleted: (prism.retention_days) deletes no rows",
    );
    return;
  }
  options.retention_period = durationText(retentionMs);
  figures.push({
    name: "retention",
    value: `${countText(retentionMs)} ms`,
    formula: `${countText(retentionMs / hourMs)} hours; older data is deleted`,
  });
}
