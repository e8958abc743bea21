import { readFileSync } from "node:fs";
import type { NamespaceEntry } from "./entry.js";
import type { Offer, OfferedPattern, OfferFacts } from "./offer.js";
import { type PlannedNamespace, planNamespaces } from "./plan.js";

/** Options as an app writes them, all as text. */
export type OptionTexts = Readonly<Record<string, string>>;

interface Description {
  readonly durability?: OfferedPattern["durability"];
  readonly patterns: Readonly<Record<string, DescribedPattern>>;
}

interface DescribedPattern {
  readonly capabilities: readonly string[];
  readonly durability?: OfferedPattern["durability"];
  readonly limits?: Readonly<Record<string, number>>;
}

/** A backend of a plugin that comes with Prism, with what its package.json declares. Named like its plugin, with my- before it. */
export function shipped(plugin: string, facts: OfferFacts = {}): Offer {
  const file = new URL(`../../plugin-${plugin}/package.json`, import.meta.url);
  const { prism } = JSON.parse(readFileSync(file, "utf8")) as { prism: Description };
  const patterns = Object.entries(prism.patterns).map(([name, { capabilities, durability, limits = {} }]) => {
    const itemBytesMax = limits.payload_bytes_max ?? limits.value_bytes_max;
    return [name, { capabilities, durability: durability ?? prism.durability, itemBytesMax }] as const;
  });
  return { backend: `my-${plugin}`, plugin, patterns: new Map(patterns), facts };
}

/** What a plan for one message is made of, beside its options. */
export interface Around {
  readonly offers?: readonly Offer[];
  readonly existing?: NamespaceEntry;
  readonly deleted?: ReadonlyMap<string, string>;
  readonly allowDataLoss?: boolean;
  readonly fields?: Readonly<Record<string, OptionTexts>>;
}

/** The plan for the message acme.UserEvents with these options. */
export function planFor(
  options: OptionTexts,
  { offers = [], existing, deleted = new Map(), allowDataLoss = false, fields = {} }: Around = {},
): PlannedNamespace {
  const namespaces = new Map(existing === undefined ? [] : [["user-events", existing]]);
  const written = {
    message: "acme.UserEvents",
    options: new Map(Object.entries(options)),
    fields: Object.entries(fields).map(([name, of]) => ({ name, options: new Map(Object.entries(of)) })),
  };
  return planNamespaces({ written: [written], offers, namespaces, deleted, allowDataLoss })[0]!;
}
