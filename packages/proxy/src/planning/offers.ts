import { durabilityOfWire, pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { Offer, OfferedPattern, OfferFacts } from "@prism-data/planner";
import type { BackendConfig } from "../config/config.js";
import type { BackendView } from "../upstream/replicas.js";
import type { StaticPattern } from "../upstream/static-description.js";

/** What a configured backend offers, as its plugin's package says. */
export function configuredOffer({ name, plugin, program, settings }: BackendConfig, factsOf: FactsOf): Offer {
  const { description } = program;
  const patterns =
    description && new Map([...description.patterns].map(([pattern, offered]) => [pattern, offeredBy(offered)]));
  return { backend: name, plugin: description?.name ?? plugin, patterns, facts: factsOf(settings.reveal()) };
}

/** The same of one that runs: as its plugin says, and whether it can be used now. */
export function runningOffer(backend: BackendConfig, view: BackendView | undefined, factsOf: FactsOf): Offer {
  const configured = configuredOffer(backend, factsOf);
  const away = whyAway(view);
  const plugin = view?.description;
  return {
    ...configured,
    ...(plugin !== undefined && {
      plugin: plugin.name,
      patterns: new Map(plugin.patterns.map((each) => [each.pattern, offeredNow(each, plugin)])),
    }),
    ...(away !== undefined && { away }),
  };
}

type FactsOf = (settings: Readonly<Record<string, unknown>>) => OfferFacts;

function whyAway(view: BackendView | undefined): string | undefined {
  if (view === undefined) return "it is not started yet";
  const withDetail = (state: string, detail: string) =>
    detail === "" ? `it is ${state}` : `it is ${state}: ${detail}`;
  if (view.state !== "ready") return withDetail(view.state, view.detail);
  const isReachable = view.health.backend !== pluginv1.BackendHealth.UNREACHABLE;
  return isReachable ? undefined : withDetail("unreachable", view.health.message);
}

function offeredBy({ capabilities, durability, limits = {} }: StaticPattern): OfferedPattern {
  return { capabilities, durability, itemBytesMax: limits.payload_bytes_max ?? limits.value_bytes_max };
}

function offeredNow(
  { capabilities, durability, limits }: pluginv1.PatternDescription,
  plugin: pluginv1.DescribeResponse,
): OfferedPattern {
  const itemBytesMax = limits.payload_bytes_max ?? limits.value_bytes_max;
  return {
    capabilities,
    durability: durabilityOfWire(durability) ?? durabilityOfWire(plugin.durability),
    itemBytesMax: itemBytesMax === undefined ? undefined : Number(itemBytesMax),
  };
}
