import { type Capacity, capacityOf } from "./capacity.js";
import { choose, type Verdict } from "./choose.js";
import { type Needs, readNeeds, type WrittenNeeds } from "./needs.js";
import type { Offer, OfferedPattern } from "./offer.js";
import { NeedsError, type Problem } from "./problem.js";

/** A namespace as prism.yaml has it, as far as plans make it. */
export interface NamespaceEntry {
  readonly pattern: string;
  readonly backend: string;
  readonly needs?: readonly string[];
  readonly durability?: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  readonly limits?: Readonly<Record<string, number | string>>;
}

/** One key of a namespace that changes; `undefined`: it is not there. */
export interface Change {
  readonly key: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What a plan does with one namespace. */
export type Action =
  | { readonly kind: "create" | "keep" }
  | { readonly kind: "change"; readonly changes: readonly Change[] }
  | { readonly kind: "refuse"; readonly reason: string };

/** The plan for one message. */
export interface PlannedNamespace {
  readonly needs: Needs;
  readonly action: Action;
  /** As it is to be; `undefined`: no backend can hold it. */
  readonly entry: NamespaceEntry | undefined;
  readonly chosen: Verdict | undefined;
  readonly rejected: readonly Verdict[];
  readonly capacity: Capacity | undefined;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly written: readonly WrittenNeeds[];
  readonly offers: readonly Offer[];
  /** The namespaces that are configured now. */
  readonly namespaces: ReadonlyMap<string, NamespaceEntry>;
  /** Whether a change may delete data that is kept now. Default: no. */
  readonly allowDataLoss?: boolean;
}

/**
 * Plans a namespace for each message that states needs. The same input gives the same plan. Throws NeedsError with everything that
 * is wrong with the needs themselves.
 */
export function planNamespaces({
  written,
  offers,
  namespaces,
  allowDataLoss = false,
}: PlanInput): readonly PlannedNamespace[] {
  const problems: Problem[] = [];
  const needs = written.map((one) => readNeeds(one, problems));
  refuseTwins(needs, problems);
  if (problems.length > 0) throw new NeedsError(problems);
  return needs.map((one) => planOne(one, offers, namespaces.get(one.namespace), allowDataLoss));
}

function refuseTwins(needs: readonly Needs[], problems: Problem[]): void {
  const messageOf = new Map<string, string>();
  for (const { namespace, message } of needs) {
    const twin = messageOf.get(namespace);
    if (twin !== undefined)
      problems.push({ at: `${message} (prism.namespace)`, message: `${twin} has the namespace ${namespace} already` });
    messageOf.set(namespace, message);
  }
}

function planOne(
  needs: Needs,
  offers: readonly Offer[],
  existing: NamespaceEntry | undefined,
  allowDataLoss: boolean,
): PlannedNamespace {
  // Data does not move because a better backend has come: the one that holds it is asked first.
  const home = offers.filter(({ backend }) => backend === existing?.backend);
  const stays = home.length > 0 && needs.backend === undefined ? choose(needs, home) : undefined;
  const choice = choose(needs, offers);
  const chosen =
    stays?.chosen === undefined ? choice.chosen : { ...stays.chosen, reason: "it holds the namespace already" };
  if (chosen === undefined) {
    const reason = "no configured backend can hold it";
    return { needs, action: { kind: "refuse", reason }, entry: undefined, capacity: undefined, ...choice };
  }
  const offered = chosen.offer.patterns!.get(needs.pattern)!;
  const capacity = capacityOf(needs, offered);
  const entry = entryOf(needs, chosen.backend, offered, capacity);
  const rejected = choice.rejected.filter(({ backend }) => backend !== chosen.backend);
  return { needs, action: actionOf(existing, entry, allowDataLoss), entry, chosen, rejected, capacity };
}

function entryOf(
  needs: Needs,
  backend: string,
  { capabilities }: OfferedPattern,
  { options, callsPerSecond }: Capacity,
): NamespaceEntry {
  const used = [
    ...(Number(options.partitions ?? 1) > 1 ? ["partitions"] : []),
    ...("retention_period" in options && capabilities.includes("retention") ? ["retention"] : []),
  ];
  return {
    pattern: needs.pattern,
    backend,
    ...(used.length > 0 && { needs: used }),
    ...(needs.durability !== undefined && { durability: needs.durability }),
    ...(Object.keys(options).length > 0 && { options }),
    ...(callsPerSecond !== undefined && { limits: { calls_per_second: callsPerSecond } }),
  };
}

function actionOf(existing: NamespaceEntry | undefined, entry: NamespaceEntry, allowDataLoss: boolean): Action {
  if (existing === undefined) return { kind: "create" };
  const changes = changesBetween(existing, entry);
  if (changes.length === 0) return { kind: "keep" };
  const fixed = changes.find(({ key }) => key === "pattern" || key === "backend" || key === "options.partitions");
  if (fixed !== undefined) return { kind: "refuse", reason: whyFixed(fixed) };
  const shorter = changes.find(({ key, from, to }) => /retention/.test(key) && hours(to) < hours(from));
  if (shorter !== undefined && !allowDataLoss) {
    const reason = `${shorter.key} would become ${shorter.to} instead of ${shorter.from ?? "for ever"}, which deletes data; say --allow-data-loss`;
    return { kind: "refuse", reason };
  }
  return { kind: "change", changes };
}

function whyFixed({ key, from = "none", to = "none" }: Change): string {
  if (key === "options.partitions")
    return `it has ${from} partitions and would get ${to}: keys would move to others, so their number cannot change`;
  return `its ${key} is ${from} and would become ${to}: its data cannot move`;
}

/** Not given: for ever. */
function hours(text: string | undefined): number {
  return text === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(text, 10);
}

function changesBetween(from: NamespaceEntry, to: NamespaceEntry): readonly Change[] {
  const [before, after] = [flat(from), flat(to)];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .map((key) => ({ key, from: before.get(key), to: after.get(key) }))
    .filter((change) => change.from !== change.to);
}

function flat({ options = {}, limits = {}, needs = [], ...entry }: NamespaceEntry): ReadonlyMap<string, string> {
  const all = { ...entry, ...(needs.length > 0 && { needs: [...needs].sort().join(", ") }) };
  const under = (name: string, values: object) =>
    Object.entries(values).map(([key, value]) => [`${name}.${key}`, value]);
  const entries = [...Object.entries(all), ...under("options", options), ...under("limits", limits)];
  return new Map(entries.map(([key, value]) => [String(key), String(value)]));
}
