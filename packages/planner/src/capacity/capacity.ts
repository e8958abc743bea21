import { fieldWarnings } from "../field-options.js";
import type { Needs } from "../needs.js";
import type { Offer, OfferedPattern } from "../offer.js";
import { planConnections } from "./connections.js";
import type { Draft, Figure } from "./figure.js";
import { planLimit } from "./limit.js";
import { planPartitions } from "./partitions.js";
import { planRetention } from "./retention.js";
import { planStorage } from "./storage.js";

/** How a namespace is made, and the figures behind it. */
export interface Capacity {
  /** The namespace's `options`, in the plugin's terms. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** How many calls may begin in a second; `undefined`: no rate was estimated. */
  readonly callsPerSecond: number | undefined;
  readonly figures: readonly Figure[];
  readonly warnings: readonly string[];
}

/** What the needs come to on a backend that offers this. */
export function capacityOf(needs: Needs, offer: Offer, offered: OfferedPattern): Capacity {
  const draft: Draft = { options: {}, figures: [], warnings: [] };
  if (needs.pattern === "stream") planPartitions(needs, offered, draft);
  planRetention(needs, draft);
  planStorage(needs, offer, draft);
  planConnections(needs, offer, draft);
  const callsPerSecond = planLimit(needs, draft);
  draft.warnings.push(...unusedNeeds(needs), ...fieldWarnings(needs.fields));
  return { options: draft.options, callsPerSecond, figures: draft.figures, warnings: draft.warnings };
}

/** What is said and not acted on. */
function unusedNeeds({ cache, owners, consumers }: Needs): readonly string[] {
  const people = [...owners, ...consumers];
  return [
    ...(cache === undefined ? [] : ["enable_cache: a cache is not built yet; every read goes to the backend"]),
    ...(people.length === 0 ? [] : ["owners and consumers are shown here and not kept: they limit nobody's access"]),
  ];
}
