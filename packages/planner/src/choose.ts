import type { Needs } from "./needs.js";
import type { Offer } from "./offer.js";
import { suitabilityOf } from "./suitability.js";

/** What became of one configured backend. */
export interface Verdict {
  readonly backend: string;
  readonly plugin: string;
  readonly reason: string;
}

/** A choice, or that there was none. */
export interface Choice {
  readonly chosen: (Verdict & { readonly offer: Offer }) | undefined;
  /** The others, the best first, each with what speaks against it. */
  readonly rejected: readonly Verdict[];
}

/** Chooses among the configured backends: what must be there decides first, then what suits best, then the names' order. */
export function choose(needs: Needs, offers: readonly Offer[]): Choice {
  const candidates = offers
    .map((offer) => ({ offer, suitability: suitabilityOf(offer.plugin, needs.pattern, needs.accessPattern) }))
    .sort((a, b) => b.suitability.points - a.suitability.points || a.offer.backend.localeCompare(b.offer.backend));
  const judged = candidates.map(({ offer, suitability }) => {
    const verdict = { backend: offer.backend, plugin: offer.plugin };
    return { offer, verdict, suitability, missing: missingOf(needs, offer) };
  });
  const fitting = judged.find(({ missing }) => missing === undefined);
  const rejected = judged
    .filter((one) => one !== fitting)
    .map(({ verdict, missing, suitability }) => ({
      ...verdict,
      reason: missing ?? `suits less: ${suitability.reason}`,
    }));
  if (fitting === undefined) return { chosen: undefined, rejected };
  const { offer, verdict, suitability } = fitting;
  const reason = needs.backend === undefined ? suitability.reason : `${needs.message} names it`;
  return { chosen: { ...verdict, offer, reason }, rejected };
}

/** What the backend lacks; `undefined`: nothing. */
function missingOf(needs: Needs, { backend, plugin, patterns }: Offer): string | undefined {
  if (needs.backend !== undefined && needs.backend !== backend && needs.backend !== plugin)
    return `${needs.message} names ${needs.backend}`;
  if (patterns === undefined) return "its plugin's package does not say what it offers";
  const offered = patterns.get(needs.pattern);
  if (offered === undefined) return `it has no ${needs.pattern}`;
  const { capabilities, durability, itemBytesMax } = offered;
  if (needs.pattern === "stream" && needs.retentionMs !== undefined && !capabilities.includes("retention"))
    return "it lacks the capability retention";
  if (needs.durability !== undefined && durability === "ephemeral")
    return `what it acknowledges is lost with its process, and durability ${needs.durability} is needed`;
  if (itemBytesMax !== undefined && needs.itemBytes > itemBytesMax)
    return `it takes ${itemBytesMax.toLocaleString("en")} bytes at most`;
  return undefined;
}
