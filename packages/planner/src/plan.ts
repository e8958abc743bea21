import { type Capacity, capacityOf } from "./capacity/capacity.js";
import { type Action, actionOf } from "./change.js";
import { type Choice, choose, type Verdict } from "./choose.js";
import { contradictionsOf } from "./contradictions.js";
import { entryOf, type NamespaceEntry, type Pin, pinned, pinsOf } from "./entry.js";
import { fieldProblems } from "./field-options.js";
import { type Needs, readNeeds, type WrittenNeeds } from "./needs.js";
import type { Offer } from "./offer.js";
import { NeedsError, type Problem } from "./problem.js";

/** The plan for one message. */
export interface PlannedNamespace {
  readonly needs: Needs;
  readonly action: Action;
  /** As it is to be; `undefined`: no backend can hold it. */
  readonly entry: NamespaceEntry | undefined;
  readonly chosen: Verdict | undefined;
  readonly rejected: readonly Verdict[];
  readonly capacity: Capacity | undefined;
  /** What an operator has decided, and what would have been made. */
  readonly pins: readonly Pin[];
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
  const needs = written.map((one) => checkedNeeds(one, problems));
  refuseTwins(needs, problems);
  if (problems.length > 0) throw new NeedsError(problems);
  return needs.map((one) => planOne(one, offers, namespaces.get(one.namespace), allowDataLoss));
}

function checkedNeeds(written: WrittenNeeds, problems: Problem[]): Needs {
  const needs = readNeeds(written, problems);
  problems.push(...contradictionsOf(needs, written), ...fieldProblems(written));
  return needs;
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
  const { chosen, rejected, nearest } = choiceFor(needs, offers, existing);
  if (chosen === undefined) {
    const none = offers.length === 0 ? "no backend is configured" : "no configured backend can hold it";
    const reason = nearest === undefined ? none : `${none}; ${nearest}`;
    return {
      needs,
      action: { kind: "refuse", reason },
      entry: undefined,
      chosen,
      rejected,
      capacity: undefined,
      pins: [],
    };
  }
  const offered = chosen.offer.patterns!.get(needs.pattern)!;
  const capacity = capacityOf(needs, chosen.offer, offered);
  const wanted = entryOf(needs, chosen.backend, offered, capacity, existing);
  const entry = pinned(existing, wanted);
  const action = disorder(needs, entry) ?? actionOf(existing, entry, allowDataLoss);
  return { needs, action, entry, chosen, rejected, capacity, pins: pinsOf(existing, wanted) };
}

/** Data does not move because a better backend has come: the one that holds it is asked first, and alone where it is pinned. */
function choiceFor(needs: Needs, offers: readonly Offer[], existing: NamespaceEntry | undefined): Choice {
  // What holds a namespace goes on holding it while it is away.
  const home = offers.filter(({ backend }) => backend === existing?.backend).map(({ away: _, ...offer }) => offer);
  const isPinned = existing?.pin?.includes("backend") ?? false;
  const choice = choose(needs, offers);
  if (home.length === 0 || (needs.backend !== undefined && !isPinned)) return choice;
  const { chosen, nearest } = choose(needs, home);
  if (chosen === undefined && !isPinned) return choice;
  const others = choice.chosen === undefined ? [] : [{ ...choice.chosen, reason: "it does not hold the namespace" }];
  const rejected = [...others, ...choice.rejected].filter(({ backend }) => backend !== chosen?.backend);
  if (chosen === undefined) return { chosen, rejected, nearest };
  const reason = isPinned ? "prism.yaml pins it" : "it holds the namespace already";
  return { chosen: { ...chosen, reason }, rejected: rejected.map(plainVerdict), nearest };
}

const plainVerdict = ({ backend, plugin, points, reason }: Verdict): Verdict => ({ backend, plugin, points, reason });

/** Partitions that are there, or pinned, against the order that is needed. */
function disorder({ ordering, pattern }: Needs, { options = {} }: NamespaceEntry): Action | undefined {
  const partitions = Number(options.partitions ?? 1);
  if (pattern !== "stream" || ordering !== "total" || partitions === 1) return undefined;
  const reason = `it has ${partitions} partitions, which have no order between them: say (prism.ordering) = "per_key"`;
  return { kind: "refuse", reason };
}
