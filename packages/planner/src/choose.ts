import { type Lack, lacksOf } from "./hard-rules.js";
import type { Needs } from "./needs.js";
import type { Offer } from "./offer.js";
import { suitabilityOf } from "./suitability.js";

/** What became of one configured backend. */
export interface Verdict {
  readonly backend: string;
  readonly plugin: string;
  readonly reason: string;
  /** How well it suits: the most is taken. */
  readonly points: number;
}

/** A choice, or that there was none. */
export interface Choice {
  readonly chosen: (Verdict & { readonly offer: Offer }) | undefined;
  /** The others, the best first, each with all that speaks against it. */
  readonly rejected: readonly Verdict[];
  /** What would have to change for the one that lacks least; `undefined`: one is chosen, or none is configured. */
  readonly nearest: string | undefined;
}

/** Chooses among the configured backends: what must be there decides first, then what suits best, then the names' order. */
export function choose(needs: Needs, offers: readonly Offer[]): Choice {
  const judged = offers
    .map((offer) => judge(needs, offer))
    .sort((a, b) => b.points - a.points || a.offer.backend.localeCompare(b.offer.backend));
  const fitting = judged.find(({ lacks }) => lacks.length === 0);
  const rejected = judged.filter((one) => one !== fitting).map(rejectionOf);
  if (fitting === undefined) return { chosen: undefined, rejected, nearest: nearestOf(judged) };
  const { offer, points, reason: suits } = fitting;
  const reason = needs.backend === undefined ? suits : `${needs.message} names it`;
  const { backend, plugin } = offer;
  return { chosen: { backend, plugin, points, offer, reason }, rejected, nearest: undefined };
}

interface Judged {
  readonly offer: Offer;
  readonly lacks: readonly Lack[];
  readonly points: number;
  readonly reason: string;
}

function judge(needs: Needs, offer: Offer): Judged {
  return { offer, lacks: lacksOf(needs, offer), ...suitabilityOf(offer.plugin, needs) };
}

function rejectionOf({ offer: { backend, plugin }, lacks, points, reason: suits }: Judged): Verdict {
  const reason = lacks.length === 0 ? `suits less: ${suits}` : lacks.map(({ reason: lack }) => lack).join("; ");
  return { backend, plugin, points, reason };
}

function nearestOf(judged: readonly Judged[]): string | undefined {
  const nearest = judged.toSorted((a, b) => a.lacks.length - b.lacks.length)[0];
  if (nearest === undefined) return undefined;
  const { offer, lacks } = nearest;
  return `${offer.backend} (${offer.plugin}) would do with ${lacks.map(({ instead }) => instead).join(" and ")}`;
}
